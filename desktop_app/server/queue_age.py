"""How long the oldest chunk waits that no worker was asked for yet, told for `/metrics` by looks at the store.

Chunks are numbered as they are queued, so remembering the newest number at each look dates every later look's oldest.
Exact to the time between two looks (a scrape); what was there before the first look counts from then. Any thread; made
by `server.state`.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_LOOKS = 10_000


class QueueAge:
    """Dates chunks by their numbers. `clock` tells seconds that never run backwards."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._newest: list[int] = []
        self._at: list[float] = []

    def look(self, newest: int, oldest: int | None) -> float:
        """Note the newest chunk's number; seconds that `oldest` (None: nothing is queued) has waited at least."""
        now = self._clock()
        with self._lock:
            if not self._newest or newest > self._newest[-1]:
                self._newest.append(newest)
                self._at.append(now)
            if oldest is None:
                return 0.0
            first = bisect_left(self._newest, oldest)
            del self._newest[: max(first, len(self._newest) - _MOST_LOOKS)]
            del self._at[: len(self._at) - len(self._newest)]
            return now - self._at[0] if self._at else 0.0
