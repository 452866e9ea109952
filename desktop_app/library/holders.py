"""Who works with a library right now, in words: for errors that say that it is locked, and for `kibitz doctor`.

Any thread. The statements run on whatever connection the backend could get; owners that are dead are left out.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from desktop_app.domain.work import Owner
from desktop_app.library.owners import is_alive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_OWNER = "owner_host, owner_pid, owner_started"
_WORK = (
    f"SELECT 'importing ' || source, started_at, {_OWNER} FROM import_batch WHERE state = 'running'",  # noqa: S608
    f"SELECT 'analysing games', created_at, {_OWNER} FROM job WHERE state IN ('running', 'paused')",  # noqa: S608
    f"SELECT 'editing games', made_at, {_OWNER} FROM edit WHERE state = 'running'",  # noqa: S608 -- our own names
)
_LONGEST_SOURCE = 80


def work_under_way(rows: Callable[[str], Iterable[Any]], *, many_hosts: bool) -> list[str]:
    """What living processes are doing: "process 12 on club-pc, importing twic.pgn since 14:03".

    Args:
        rows: runs a statement and gives its rows.
        many_hosts: whether processes of other computers may be alive.
    """
    found = []
    for statement in _WORK:
        for what, since, host, pid, started in rows(statement):
            if pid is not None and is_alive(Owner(host, pid, started), many_hosts=many_hosts):
                found.append(f"process {pid} on {host}, {what[:_LONGEST_SOURCE]} since {clock(since)}")
    return found


def clock(moment: float) -> str:
    """A moment in local time; with its date unless it was today."""
    then = time.localtime(moment)
    today = then[:3] == time.localtime()[:3]
    return time.strftime("%H:%M" if today else "%Y-%m-%d %H:%M", then)
