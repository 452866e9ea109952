"""Signs of life of processes on other computers: their work is respected while they are heard of, and let go after."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from desktop_app.domain.profile import Profile, SearchSpec
from desktop_app.domain.rows import BatchState
from desktop_app.domain.work import JobState, Owner
from desktop_app.errors import JobOwnedElsewhereError
from desktop_app.library.leases import LEASE_S, Lease, is_heard_of
from desktop_app.library.library import Library
from desktop_app.library.owners import this_owner
from desktop_app.library.tables import import_batch
from desktop_app.library.tables_care import process_lease
from tests.unit.library.records import make_record

if TYPE_CHECKING:
    from tests.postgres import Server

ELSEWHERE = "another machine"
DEADLINE_S = 20.0


@pytest.fixture
def url(postgres: Server) -> str:
    """A new, empty database."""
    return postgres.database()


def _move_lease(library: Library, *, age_s: float) -> Owner:
    """Pretend that this process's lease is another computer's, last renewed so long ago."""
    me = this_owner()

    def run(connection: object) -> None:
        values = {"host": ELSEWHERE, "seen_at": process_lease.c.seen_at - age_s}
        connection.execute(update(process_lease).values(values))  # type: ignore[attr-defined] -- a Connection

    library.database.write(run)
    return Owner(ELSEWHERE, me.pid, me.started)


@pytest.mark.parametrize(("age_s", "state"), [(5, BatchState.RUNNING), (LEASE_S + 60, BatchState.INTERRUPTED)])
def test_imports_of_a_vanished_host_are_interrupted(url: str, age_s: float, state: BatchState) -> None:
    """An import on another computer runs on while that is heard of, and is interrupted once it was not for minutes."""
    with Library.open(url) as there:
        batch = there.imports.begin("on another machine")
        there.database.write(lambda connection: connection.execute(update(import_batch).values(owner_host=ELSEWHERE)))
        _move_lease(there, age_s=age_s)
        with Library.open(url) as here:
            assert here.imports.get(batch).state is state


def test_jobs_of_a_vanished_host_are_released(url: str) -> None:
    """A job of another computer cannot be taken while that is heard of; afterwards it is queued again."""
    with Library.open(url) as library:
        games = library.games.add(None, [make_record()]).imported
        spec = SearchSpec(Profile.QUICK, 1000, reproducible=False)
        job = library.jobs.create(games, engine_path="stockfish", spec=spec, workers=1)
        owner = _move_lease(library, age_s=5)
        library.jobs.claim(job, owner)
        assert [found.id for found in library.jobs.recover(this_owner())] == [job]
        with pytest.raises(JobOwnedElsewhereError, match=ELSEWHERE):
            library.jobs.claim(job, this_owner())
        _move_lease(library, age_s=LEASE_S)
        assert library.jobs.recover(this_owner()) == []
        assert library.jobs.get(job).state is JobState.QUEUED


def test_a_lease_is_renewed_and_taken_back(url: str) -> None:
    """While a library is open its process is heard of anew; closing it ends that, and a lost row comes back."""
    me = this_owner()
    with Library.open(url) as library, Library.open(url) as other:
        lease = Lease(other.database, renew_s=0.05)
        lease.start()
        _move_lease(library, age_s=0)
        deadline = time.monotonic() + DEADLINE_S
        while not is_heard_of(library.database, me):
            assert time.monotonic() < deadline, "the lease was not renewed"
        lease.stop()
        assert not is_heard_of(library.database, me)


def test_a_file_of_one_computer_has_no_leases(file_library: Library) -> None:
    """An ordinary file is not written for the sake of signs of life."""
    with file_library.database.read() as connection:
        assert connection.execute(select(process_lease)).all() == []
