"""What a worker's main process and its searching processes tell each other: a piece of memory they share.

Made before the pool forks. The main process writes who is cancelled and when to give back; each searching process
writes counters into a slot of its own. One writer for each field, so no locks. No Celery here; any thread.
"""

from __future__ import annotations

import hashlib
import math
import mmap
import struct
import time
from dataclasses import dataclass

_DIGEST = 16
_CANCELLED = 8192
_SLOTS = 256
_DEADLINE = struct.Struct("d")
_COUNTS = struct.Struct("QQQQQd")
_RING_AT = 64
_SLOTS_AT = _RING_AT + _DIGEST * _CANCELLED
_SIZE = _SLOTS_AT + _COUNTS.size * _SLOTS


@dataclass(slots=True)
class Counts:
    """What one searching process has done since the worker's start; its successor goes on counting."""

    chunks_done: int = 0
    chunks_failed: int = 0
    positions_done: int = 0
    nodes_done: int = 0
    engine_starts: int = 0
    nodes_per_second: float = 0.0


class Board:
    """The shared memory of one worker."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SIZE)
        self._next = 0
        _DEADLINE.pack_into(self._memory, 0, math.inf)

    # Written by the main process.

    def cancel(self, name: str) -> None:
        """Cancel a task or a batch; the last 8192 are remembered."""
        at = _RING_AT + _DIGEST * (self._next % _CANCELLED)
        self._memory[at : at + _DIGEST] = _digest(name)
        self._next += 1

    def give_back_in(self, seconds: float) -> None:
        """Let running chunks be given back when `seconds` are over; only ever brought forward."""
        (due,) = _DEADLINE.unpack_from(self._memory, 0)
        _DEADLINE.pack_into(self._memory, 0, min(due, time.monotonic() + seconds))

    @property
    def draining(self) -> bool:
        """Whether the worker was told to end."""
        (due,) = _DEADLINE.unpack_from(self._memory, 0)
        return bool(due != math.inf)

    # Read by the searching processes.

    def cancelled(self, *names: str) -> bool:
        """Whether one of these was cancelled."""
        ring = self._memory[_RING_AT:_SLOTS_AT]
        return any(_digest(name) in ring for name in names)

    def must_give_back(self) -> bool:
        """Whether the grace period is over. The monotonic clock is one for all processes of a machine."""
        (due,) = _DEADLINE.unpack_from(self._memory, 0)
        return bool(time.monotonic() >= due)

    # One slot for each searching process.

    def read(self, slot: int) -> Counts:
        """The counters of a slot."""
        return Counts(*_COUNTS.unpack_from(self._memory, _SLOTS_AT + _COUNTS.size * (slot % _SLOTS)))

    def write(self, slot: int, counts: Counts) -> None:
        """Put counters into a slot; only its process does."""
        _COUNTS.pack_into(
            self._memory,
            _SLOTS_AT + _COUNTS.size * (slot % _SLOTS),
            counts.chunks_done,
            counts.chunks_failed,
            counts.positions_done,
            counts.nodes_done,
            counts.engine_starts,
            counts.nodes_per_second,
        )

    def all_counts(self) -> list[Counts]:
        """The counters of all slots."""
        return [self.read(slot) for slot in range(_SLOTS)]


def task_mark(task_id: str) -> str:
    """The name under which a task is cancelled."""
    return f"task {task_id}"


def batch_mark(batch: str) -> str:
    """The name under which a batch is cancelled."""
    return f"batch {batch}"


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=_DIGEST).digest()
