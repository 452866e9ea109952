"""What an analysis server keeps: counts that always add up, answers that are stored once, a lease, small indexes."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from desktop_app.domain.served import (
    Answer,
    BatchKind,
    BatchState,
    Limits,
    NewBatch,
    NewChunk,
    NewGame,
    Priority,
    ServedBatch,
    WorkState,
)
from desktop_app.errors import BatchRefusedError, NotFoundError
from desktop_app.library import server_care, server_chunks
from desktop_app.library.server_chunks import chunk_of, task_id
from desktop_app.library.server_events import deflate, inflate
from desktop_app.library.server_store import ServerStore
from desktop_app.library.tables_server import in_state, server_chunk

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS = Limits()


@pytest.fixture
def store(location: str) -> Iterator[ServerStore]:
    """An open, empty store, in SQLite and in PostgreSQL."""
    with ServerStore.open(location) as opened:
        yield opened


def _wanted(kind: BatchKind = BatchKind.CHUNKS, *, wait: bool = False) -> NewBatch:
    return NewBatch("test", kind, Priority.BATCH, wait, None, None, None, None, None, None, b"")


def _chunks(number: int) -> list[NewChunk]:
    return [NewChunk(f"k{index}", deflate({"index": index})) for index in range(number)]


def _counts(store: ServerStore, batch: ServedBatch) -> dict[str, int]:
    """The counts kept, which must be those of the rows."""
    found = store.batches.by_id(batch.id)
    with store.database.read() as connection:
        rows = connection.execute(
            text("SELECT state, count(*) FROM server_chunk WHERE batch_id = :batch GROUP BY state"), {"batch": batch.id}
        )
        counted = {str(state): int(number) for state, number in rows}
    kept = {state.value: getattr(found, state.value) for state in WorkState}
    assert kept == {state.value: counted.get(state.value, 0) for state in WorkState}
    return kept


def test_answers_are_stored_once(store: ServerStore) -> None:
    """However often an answer comes, also together with itself or after the end, there is one event for it."""
    user = store.users.user("anna")
    batch, _ = store.batches.submit(user, _wanted(), limits=LIMITS, chunks=_chunks(5))
    assert _counts(store, batch)["queued"] == 5
    taken = store.work.take(batch.id, 3)
    assert [chunk.key for chunk in taken] == ["k0", "k1", "k2"]
    assert {chunk.attempts for chunk in taken} == {1}
    body = deflate({"key": "k0"})
    first = Answer(taken[0].id, body)
    assert store.work.store([first, first], attempts=3) == ({batch.id}, set(), 1)
    assert store.work.store([first], attempts=3) == (set(), set(), 0)
    # A late answer to a chunk that is queued again is one as well.
    failed = Answer(taken[1].id, None, "on purpose")
    store.work.store([failed], attempts=3)
    assert _counts(store, batch) == {"queued": 3, "running": 1, "done": 1, "failed": 0, "cancelled": 0}
    store.work.store([Answer(taken[1].id, body)], attempts=3)
    store.work.store([Answer(taken[2].id, None, "for good")], attempts=1)
    assert _counts(store, batch) == {"queued": 2, "running": 0, "done": 2, "failed": 1, "cancelled": 0}
    store.batches.close(user, batch.public_id)
    for chunk in store.work.take(batch.id, 10):
        store.work.store([Answer(chunk.id, body)], attempts=3)
    done = store.batches.by_id(batch.id)
    assert done.state is BatchState.DONE
    assert store.work.store([first], attempts=3)[2] == 0
    events = store.events.page(batch.id, 0, 100)
    assert [event.seq for event in events] == list(range(1, done.last_seq + 1))
    assert [event.kind for event in events].count("chunk") == 4
    assert inflate(events[-1].body) == {"state": "done", "error": None}


def test_what_was_asked_is_found_again(store: ServerStore) -> None:
    """Chunks marked as running are known after a crash; asking again changes no count."""
    user = store.users.user("anna")
    batch, _ = store.batches.submit(user, _wanted(), limits=LIMITS, chunks=_chunks(4))
    taken = store.work.take(batch.id, 2)
    assert store.work.overdue(batch.id, 0.0) == []
    assert [chunk.id for chunk in store.work.overdue(batch.id, 0.0, only={taken[1].id})] == [taken[1].id]
    store.work.not_asked([taken[0].id])
    assert [chunk.id for chunk in store.work.overdue(batch.id, 1.0)] == [taken[0].id]
    assert store.work.overdue(batch.id, 1.0) == []
    assert _counts(store, batch)["running"] == 2
    assert chunk_of(task_id(batch.public_id, taken[0].id, 0)) == taken[0].id
    assert chunk_of("somebody-elses") is None


def test_a_game_fails_with_its_first_chunk(store: ServerStore) -> None:
    """One chunk that fails ends its game, once, and what is left of it is cancelled, answered or not."""
    user = store.users.user("anna")
    game = NewGame("mine", "fen", ("e2e4",), chess960=False)
    batch, _ = store.batches.submit(user, _wanted(BatchKind.GAMES), limits=LIMITS, games=[game])
    (planned,) = store.work.games_to_plan(batch.id, 10)
    assert store.work.add_round(planned, _chunks(3))
    assert not store.work.add_round(planned, _chunks(3))
    taken = store.work.take(batch.id, 2)
    answers = [Answer(taken[0].id, None, "no engine"), Answer(taken[1].id, deflate({}))]
    assert store.work.store(answers, attempts=1)[1] == set()
    assert _counts(store, batch) == {"queued": 0, "running": 0, "done": 0, "failed": 1, "cancelled": 2}
    found = store.batches.by_id(batch.id)
    assert (found.state, found.games_failed) == (BatchState.FAILED, 1)
    again = store.batches.retry(user, batch.public_id, limits=LIMITS, wait=False)
    assert (again.state, again.games_failed) == (BatchState.RUNNING, 0)
    assert _counts(store, batch) == dict.fromkeys(WorkState, 0)
    (planned,) = store.work.games_to_plan(batch.id, 10)
    assert store.work.settle_game(planned, deflate({"ref": "mine"}))
    assert not store.work.settle_game(planned, deflate({"ref": "mine"}))
    assert store.batches.by_id(batch.id).state is BatchState.DONE


def test_limits_and_the_line(store: ServerStore) -> None:
    """Limits hold inside the transaction that uses them up; whoever waits starts in order, one a user."""
    limits = Limits(batches=2, waiting_per_user=1)
    anna, ben = store.users.user("anna"), store.users.user("ben")
    first, _ = store.batches.submit(anna, _wanted(), limits=limits)
    second, _ = store.batches.submit(anna, _wanted(wait=True), limits=limits)
    assert (first.state, second.state) == (BatchState.RUNNING, BatchState.WAITING)
    assert store.batches.place_in_line(second) == 1
    with pytest.raises(BatchRefusedError) as refused:
        store.batches.submit(anna, _wanted(wait=True), limits=limits)
    assert refused.value.code == "too_many_batches"
    assert store.care.start_waiting(limits) == []
    third, _ = store.batches.submit(ben, _wanted(), limits=limits)
    assert third.state is BatchState.RUNNING
    with pytest.raises(NotFoundError):
        store.batches.cancel(ben, first.public_id)
    store.batches.cancel(anna, first.public_id)
    assert store.care.start_waiting(limits) == [second.id]
    assert store.care.close_abandoned(-1.0) == [second.id, third.id]
    while store.care.forget_old(-1.0):
        pass
    with pytest.raises(NotFoundError):
        store.batches.get(anna, second.public_id)


def test_a_large_batch_is_cancelled_in_steps(
    store: ServerStore, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is over at once; its chunks go a few a transaction, others write between, and after each the counts agree."""
    for module in (server_chunks, server_care):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 10)
    anna, ben = store.users.user("anna"), store.users.user("ben")
    batch, _ = store.batches.submit(anna, _wanted(), limits=LIMITS, chunks=_chunks(35))
    taken = store.work.take(batch.id, 4)
    cancelled, changed = store.batches.cancel(anna, batch.public_id)
    assert (cancelled.state, changed) == (BatchState.CANCELLED, True)
    assert _counts(store, batch) == {"queued": 25, "running": 0, "done": 0, "failed": 0, "cancelled": 10}
    # Nobody is handed any of it, answers are dropped, and its place is free.
    assert store.work.take(batch.id, 10) == []
    assert store.work.store([Answer(taken[0].id, deflate({}))], attempts=3) == (set(), set(), 0)
    assert store.batches.submit(anna, _wanted(), limits=LIMITS)[0].state is BatchState.RUNNING
    steps = []
    with ServerStore.open(location) as other:
        while other.care.clear_cancelled():
            steps.append(_counts(store, batch)["cancelled"])
            store.batches.submit(ben, _wanted(), limits=Limits(batches=99, batches_per_user=99))
            if len(steps) == 1:
                store.care.clear_cancelled()  # somebody else goes on
    assert steps == [20, 35]
    assert not store.care.clear_cancelled()
    assert not store.batches.cancel(anna, batch.public_id)[1]
    assert _counts(store, batch) == {"queued": 0, "running": 0, "done": 0, "failed": 0, "cancelled": 35}


def test_a_deleted_batch_goes_in_steps(store: ServerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is gone for its user at once, and its key is free; what was in it goes a bounded number a transaction."""
    for module in (server_chunks, server_care):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 10)
    anna = store.users.user("anna")
    wanted = replace(_wanted(), idempotency_key="mine")
    batch, _ = store.batches.submit(anna, wanted, limits=LIMITS, chunks=_chunks(35))
    with pytest.raises(BatchRefusedError):
        store.batches.forget(anna, batch.public_id)
    store.batches.cancel(anna, batch.public_id)
    store.batches.forget(anna, batch.public_id)
    for gone in (store.batches.get, store.batches.cancel, store.batches.forget):
        with pytest.raises(NotFoundError):
            gone(anna, batch.public_id)
    assert store.batches.page(anna, state=None, limit=9, before=None) == []
    assert store.batches.submit(anna, wanted, limits=LIMITS)[1]
    assert not store.care.clear_cancelled()
    left = []
    while store.care.forget_old(60.0):
        with store.database.read() as connection:
            left.append(connection.execute(text("SELECT count(*) FROM server_chunk")).scalar())
    assert left == [35, 25, 15, 5, 0, 0]  # the events, the chunks, the batch
    with pytest.raises(NotFoundError):
        store.batches.by_id(batch.id)


def test_the_lease(store: ServerStore) -> None:
    """One living process holds it; what a dead one held is free at once, what one elsewhere holds is not."""
    assert store.work.hold("dispatcher", 60)
    assert store.work.hold("dispatcher", 60)
    assert store.work.held("dispatcher")
    store.work.release("dispatcher")
    assert not store.work.held("dispatcher")
    for holder, free in (([platform.node(), os.getpid(), 1.0], True), (["elsewhere", 1, 1.0], False)):
        _give_lease(store, json.dumps(holder))
        assert store.work.hold("dispatcher", 60) is free


def _give_lease(store: ServerStore, holder: str) -> None:
    with store.database.read() as connection:
        until = store.database.backend.now(connection) + 60
    values = {"holder": holder, "until": until}
    statement = text("UPDATE server_lease SET holder = :holder, until = :until")
    if not store.work.held("dispatcher"):
        statement = text("INSERT INTO server_lease VALUES ('dispatcher', :holder, :until)")
    store.database.write(lambda connection: connection.execute(statement, values))


def test_states_are_written_out() -> None:
    """Statements name states as constants: SQLite uses partial indexes for nothing else."""
    assert str(in_state(server_chunk, "queued")) == "server_chunk.state = 'queued'"
    assert str(in_state(server_chunk, "a", "b")).endswith("IN ('a', 'b')")
