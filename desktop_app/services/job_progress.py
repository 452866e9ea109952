"""How fast a job goes and how much is left: nodes, since rounds of an anytime analysis differ too much for positions.

No threads; owned by `services.job_run`. Times are monotonic seconds, given by the caller.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from desktop_app.analysis.anytime import POLICIES
from desktop_app.domain.profile import EXPECTED_NODES

if TYPE_CHECKING:
    from desktop_app.domain.profile import SearchSpec

_RATE_SAMPLES = 480
_RATE_WINDOW_S = 60.0
_PRIOR_POSITIONS = 400
"""How many positions of settled games weigh as much as what the profile usually takes."""


class Rate:
    """Units a second over the last minute of work; forgets at every pause."""

    def __init__(self) -> None:
        self._times: deque[tuple[float, int]] = deque(maxlen=_RATE_SAMPLES)

    def add(self, now: float, count: int) -> None:
        """Note that `count` units were just done."""
        self._times.append((now, count))

    def forget(self) -> None:
        """Start anew, after a pause."""
        self._times.clear()

    def per_second(self, now: float) -> float:
        """The rate, 0 while unknown."""
        while self._times and now - self._times[0][0] > _RATE_WINDOW_S:
            self._times.popleft()
        if len(self._times) < 2:
            return 0.0
        first = self._times[0][0]
        span = now - first
        done = sum(count for _, count in islice(self._times, 1, None))
        return done / span if span > 0 else 0.0


def first_nodes(spec: SearchSpec) -> int:
    """Nodes a position takes at its first look."""
    return POLICIES[spec.profile].thin_nodes if spec.anytime else spec.limit_nodes


def expected_nodes(spec: SearchSpec) -> int:
    """Nodes a position is expected to take, all rounds together."""
    if not spec.anytime:
        return spec.limit_nodes
    return max(first_nodes(spec), EXPECTED_NODES[spec.profile])


class Effort:
    """Nodes done and nodes left of a job.

    Every position takes `first_nodes` at its first look; an anytime profile then takes what its games have taken on
    average so far, which the profile's own average stands for at the beginning.
    """

    def __init__(self, spec: SearchSpec) -> None:
        self.first_nodes = first_nodes(spec)
        self._prior = float(expected_nodes(spec) - self.first_nodes)
        self._settled_positions = 0
        self._settled_nodes = 0
        self._highest = 0.0

    def settled(self, positions: int, nodes: int) -> None:
        """A game of so many positions was settled with so many nodes beyond its first look."""
        self._settled_positions += positions
        self._settled_nodes += nodes

    @property
    def closer_nodes(self) -> float:
        """Expected nodes a position beyond the first look."""
        weight = _PRIOR_POSITIONS + self._settled_positions
        return (self._prior * _PRIOR_POSITIONS + self._settled_nodes) / weight

    def left(self, *, unlooked: int, unsettled: int, spent: float) -> float:
        """Nodes left when so many positions lack their first look and so many belong to games that are not settled.

        `spent`: nodes that went into those games beyond the first look.
        """
        return unlooked * self.first_nodes + max(0.0, unsettled * self.closer_nodes - spent)

    def progress(self, left: float, *, positions: int) -> float:
        """Share done of all the work, 0…1; expectations may change, this never goes back."""
        whole = positions * (self.first_nodes + self.closer_nodes)
        share = 1.0 if whole <= 0 else 1 - left / whole
        self._highest = max(self._highest, min(1.0, share))
        return self._highest
