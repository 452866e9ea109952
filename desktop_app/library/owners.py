"""Who runs a job: this process, and whether another one is still alive. Any thread.

A process is known by host, process id and the time it started, counted so that a clock that is set does not matter:
on Linux in seconds since the machine started.
"""

from __future__ import annotations

import os
import platform
import sys
from typing import TYPE_CHECKING

import psutil

from desktop_app.domain.work import Owner

if TYPE_CHECKING:
    from collections.abc import Callable

_SAME_START_S = 1.0
"""Start times closer than this are the same; process ids are not used again that fast."""


def this_owner() -> Owner:
    """This process."""
    started = _started(os.getpid())
    if started is None:
        raise RuntimeError("this process cannot see itself")
    return Owner(platform.node(), os.getpid(), started)


def is_alive(owner: Owner, *, many_hosts: bool = False, heard_of: Callable[[Owner], bool] | None = None) -> bool:
    """Whether the process still runs.

    A library file is used by one machine at a time, because SQLite's write-ahead log needs memory that its processes
    share. Another host's name therefore means that this machine was renamed, or the file moved: its process is gone.
    A library on a server or a network folder is used by `many_hosts`; processes of others cannot be seen from here and
    count as alive as long as they are `heard_of` (leases.py).
    """
    if owner.host != platform.node():
        return many_hosts and (heard_of is None or heard_of(owner))
    started = _started(owner.pid)
    return started is not None and abs(started - owner.started) < _SAME_START_S


def is_same(one: Owner, other: Owner) -> bool:
    """Whether both are the same process."""
    return (one.host, one.pid) == (other.host, other.pid) and abs(one.started - other.started) < _SAME_START_S


def _started(pid: int) -> float | None:
    """When the process started; None when there is none, or only its corpse."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        created = float(process.create_time())
        # Linux counts from the start of the machine; psutil adds the boot time, which moves when the clock is set.
        return created - float(psutil.boot_time()) if sys.platform == "linux" else created
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        # It exists, but belongs to somebody else: it cannot be told apart, so nothing of it is taken.
        return None
