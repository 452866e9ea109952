"""A small discrete-event simulation: a clock, stations with servers and a queue, and the formulas it is held against.

Pure, seeded by the caller, one thread. `cluster_simulation` builds the cluster of it. Written here and not taken from a
package because it is this small, and since a package's generator for each customer would cost more than the model.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence


class SimulationClock:
    """Simulated seconds, and what is to happen when."""

    def __init__(self) -> None:
        self.now = 0.0
        self._numbers = itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        """Let `event` happen `seconds` from now; events of one moment happen in the order they were asked for."""
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), event))

    def run(self) -> None:
        """Until nothing is left to happen."""
        events, pop = self._events, heapq.heappop
        while events:
            self.now, _, event = pop(events)
            event()


class Station:
    """Servers with one queue, first come first served; a server may take several customers at once.

    Attributes:
        busy_s: seconds of all servers' work so far.
        served, services: customers, and how often a server began (fewer, where several are taken at once).
        waited_s: sum of the customers' waiting, service left out.
        longest: most customers that ever waited.
    """

    def __init__(
        self, clock: SimulationClock, servers: int, service_s: Callable[[int], float], *, at_once: int = 1
    ) -> None:
        """`service_s` draws the time one service takes from how many customers it serves, at most `at_once`."""
        self._clock = clock
        self._free = servers
        self._service_s = service_s
        self._at_once = at_once
        self._queue: deque[tuple[float, Callable[[], None]]] = deque()
        self.servers = servers
        self.busy_s = 0.0
        self.served = 0
        self.services = 0
        self.waited_s = 0.0
        self.longest = 0

    @property
    def waiting(self) -> int:
        """Customers that wait now."""
        return len(self._queue)

    @property
    def busy(self) -> int:
        """Servers at work now."""
        return self.servers - self._free

    def enter(self, then: Callable[[], None]) -> None:
        """A customer comes; `then` happens when it has been served."""
        self._queue.append((self._clock.now, then))
        if self._free:
            self._begin()
        elif len(self._queue) > self.longest:
            self.longest = len(self._queue)

    def _begin(self) -> None:
        now, queue = self._clock.now, self._queue
        leaving = []
        for _ in range(min(self._at_once, len(queue))):
            came, then = queue.popleft()
            self.waited_s += now - came
            leaving.append(then)
        seconds = self._service_s(len(leaving))
        self._free -= 1
        self.busy_s += seconds
        self.services += 1
        self._clock.after(seconds, lambda: self._end(leaving))

    def _end(self, leaving: Sequence[Callable[[], None]]) -> None:
        self._free += 1
        self.served += len(leaving)
        if self._queue:
            self._begin()
        for then in leaving:
            then()


def gamma(source: random.Random, mean: float, variation: float) -> Callable[[int], float]:
    """Draws service times of a mean and a coefficient of variation: 0 is constant, 1 exponential."""
    if variation <= 0 or mean <= 0:
        return lambda _customers: mean
    shape = 1 / variation**2
    scale = mean / shape
    return lambda _customers: source.gammavariate(shape, scale)


def mean_wait(
    source: random.Random, *, rate: float, servers: int, service_s: Callable[[int], float], jobs: int
) -> float:
    """Mean waiting of `jobs` customers that come at random with `rate` a second to a station, by simulation."""
    clock = SimulationClock()
    station = Station(clock, servers, service_s)
    left = itertools.count(1)

    def come() -> None:
        station.enter(lambda: None)
        if next(left) < jobs:
            clock.after(source.expovariate(rate), come)

    clock.after(source.expovariate(rate), come)
    clock.run()
    return station.waited_s / jobs


def erlang_wait(*, rate: float, servers: int, service_s: float) -> float:
    """Mean waiting of an M/M/c queue in seconds: Erlang's C formula (L. Kleinrock, Queueing Systems I, 1975, 3.5)."""
    load = rate * service_s
    if load >= servers:
        return math.inf
    blocked = 1.0
    # Erlang's B by its recursion, which stays exact where the factorials of the closed form do not.
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    waits = blocked / (1 - load / servers * (1 - blocked))
    return waits * service_s / (servers - load)


def pollaczek_wait(*, rate: float, service_s: float, variation: float) -> float:
    """Mean waiting of an M/G/1 queue in seconds: the Pollaczek-Khinchine formula (Kleinrock I, 5.6)."""
    load = rate * service_s
    if load >= 1:
        return math.inf
    return rate * service_s**2 * (1 + variation**2) / (2 * (1 - load))
