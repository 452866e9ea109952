"""How long an engine stood in line for a processor: ready to run, while other programs ran.

A deadline on the wall clock cannot tell a hung engine from a starved one. Linux counts the difference for every thread
(`/proc/PID/task/TID/schedstat`, its second number in nanoseconds); elsewhere nothing is known and 0 is the answer, so
that deadlines are plain wall-clock time. Called by `engine.session`, on its owner's and the watchdog's thread.
"""

from __future__ import annotations

import os

_NANO = 1e-9
_LONGEST_RECORD = 128


def seconds_without_processor(pid: int) -> float:
    """Seconds the threads of this process, which live now, have waited for a processor so far; 0 where unknown.

    Asked before every search, so it costs next to nothing. Never raises: a process that is gone has not waited.
    """
    tasks = f"/proc/{pid}/task"
    try:
        return sum(_waited_ns(f"{tasks}/{thread}/schedstat") for thread in os.listdir(tasks)) * _NANO  # noqa: PTH208 - a search is asked for every few milliseconds
    except OSError:
        return 0.0


def _waited_ns(record: str) -> int:
    try:
        descriptor = os.open(record, os.O_RDONLY)
    except OSError:
        return 0
    try:
        return int(os.read(descriptor, _LONGEST_RECORD).split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    finally:
        os.close(descriptor)
