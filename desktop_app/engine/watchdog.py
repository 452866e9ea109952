"""One thread per process that ends engines which miss a deadline.

Sessions read their engine's pipe with a plain blocking read, which has no timeout; when the watchdog kills the engine
that read ends with end-of-file, and the session sees that it was overdue. The thread lives while there are sessions.
Deadlines run on the monotonic clock: setting the system's time does not touch them.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Guard:
    """One session's deadline. `arm`, `tighten`, `disarm` and `leave` are safe from any thread."""

    def __init__(self, watchdog: Watchdog, on_overdue: Callable[[], float]) -> None:
        self._watchdog = watchdog
        self.on_overdue = on_overdue
        self.due = math.inf

    def arm(self, seconds: float) -> None:
        """Call `on_overdue` on the watchdog's thread, unless disarmed or armed anew within `seconds`.

        It is called once, and once more after as many seconds as it answers, for as long as those are more than 0.
        """
        self._watchdog.set_due(self, time.monotonic() + seconds)

    def tighten(self, seconds: float) -> None:
        """Bring an armed deadline forward to `seconds` from now; never puts it off."""
        self._watchdog.set_due(self, min(self.due, time.monotonic() + seconds))

    def disarm(self) -> None:
        """Nothing is waited for any more. After this returned, `on_overdue` is not called."""
        self._watchdog.set_due(self, math.inf)

    def leave(self) -> None:
        """The session is over. Idempotent."""
        self._watchdog.remove(self)


class Watchdog:
    """Keeps the deadlines of all sessions of a process on one thread."""

    def __init__(self) -> None:
        self._condition = threading.Condition(threading.Lock())
        self._guards: set[Guard] = set()
        self._wake = -math.inf
        self._thread: threading.Thread | None = None

    def guard(self, on_overdue: Callable[[], float]) -> Guard:
        """A disarmed guard. `on_overdue` returns for how many more seconds to be patient, 0 for none.

        It must be quick and must not touch any guard.
        """
        guard = Guard(self, on_overdue)
        with self._condition:
            self._guards.add(guard)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="engine-watchdog", daemon=True)
                self._thread.start()
        return guard

    def set_due(self, guard: Guard, due: float) -> None:
        """Change a guard's deadline; wakes the thread only when it would otherwise wake too late."""
        with self._condition:
            guard.due = due
            if due < self._wake:
                self._condition.notify()

    def remove(self, guard: Guard) -> None:
        """Forget a guard; the thread ends with the last one."""
        with self._condition:
            guard.due = math.inf
            self._guards.discard(guard)
            if not self._guards:
                self._condition.notify()

    def _run(self) -> None:
        with self._condition:
            while self._guards:
                now = time.monotonic()
                for guard in self._guards:
                    if guard.due <= now:
                        more = guard.on_overdue()
                        guard.due = now + more if more > 0 else math.inf
                self._wake = min(guard.due for guard in self._guards)
                self._condition.wait(None if self._wake == math.inf else max(0.0, self._wake - now))
                self._wake = -math.inf
            self._thread = None


WATCHDOG = Watchdog()
"""The watchdog of this process."""
