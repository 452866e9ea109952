"""How answers are taken: together what has come, one that cannot be stored harms no other, each stored once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.domain.served import BatchKind, Limits, NewBatch, NewChunk, Priority
from desktop_app.library.server_chunks import task_id
from desktop_app.library.server_events import deflate
from desktop_app.library.server_store import ServerStore
from desktop_app.server.collector import Collector
from desktop_app.worker.messages import Delivery
from tests.server.served import chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from desktop_app.domain.served import Answer, ServedBatch


@pytest.fixture
def store(place: str) -> Iterator[ServerStore]:
    """An open store, in SQLite and in PostgreSQL."""
    with ServerStore.open(place) as opened:
        yield opened


class Taken:
    """A batch in flight, its failures as a broker delivers them, and a collector of them on the test's own thread."""

    def __init__(self, store: ServerStore, user: str, number: int) -> None:
        self.store = store
        wanted = NewBatch(user, BatchKind.CHUNKS, Priority.BATCH, False, None, None, None, None, None, None, b"")
        chunks = [NewChunk(f"k{index}", deflate(chunk(f"k{index}"))) for index in range(number)]
        self.batch, _ = store.batches.submit(store.users.user(user), wanted, limits=Limits(batches=99), chunks=chunks)
        tasks = [task_id(self.batch.public_id, one.id, one.serial) for one in store.work.take(self.batch.id, number)]
        self.settled: list[tuple[str, bool, int]] = []
        self.waiting = [
            Delivery(task, self.batch.public_id, "w", None, "on purpose\0", 3, 0.0, 0.0, self._settle(task))
            for task in tasks
        ]
        nobody: Any = SimpleNamespace(
            answered=lambda *_, **__: None, wake=lambda *_: None, complete=lambda *_: None, results=self._results
        )
        settings: Any = SimpleNamespace(limits=Limits())
        self.collector = Collector(store, nobody, dispatcher=nobody, watch=nobody, settings=settings, hub=nobody)

    def _settle(self, task: str) -> Callable[[bool], None]:
        return lambda stored: self.settled.append((task, stored, self.now.failed))

    def _results(self, _timeout_s: float) -> Iterator[Delivery]:
        while self.waiting:
            yield self.waiting.pop(0)

    @property
    def now(self) -> ServedBatch:
        """The batch as it is stored."""
        return self.store.batches.by_id(self.batch.id)

    def collect(self) -> None:
        """Take everything that is there, and end."""
        self.collector._answers()


def test_what_has_come_is_stored_together(store: ServerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seventy answers are two transactions, and each is acknowledged after its own was committed."""
    taken = Taken(store, "together", 70)
    sizes = []
    real = store.work.store

    def counted(answers: Sequence[Answer], *, attempts: int) -> Any:
        sizes.append(len(answers))
        return real(answers, attempts=attempts)

    monkeypatch.setattr(store.work, "store", counted)
    taken.collect()
    assert sizes == [64, 6]
    assert [failed for _, stored, failed in taken.settled if stored] == [64] * 64 + [70] * 6


def test_an_answer_that_cannot_be_stored_harms_no_other(store: ServerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others of its transaction are stored and acknowledged; it alone is given back."""
    taken = Taken(store, "poison", 10)
    poison = taken.waiting[4].task_id
    number = int(poison.split(".")[1])
    real = store.work.store

    def brittle(answers: Sequence[Answer], *, attempts: int) -> Any:
        assert number not in {answer.chunk_id for answer in answers}
        return real(answers, attempts=attempts)

    monkeypatch.setattr(store.work, "store", brittle)
    with pytest.raises(AssertionError):
        taken.collect()
    assert taken.now.failed == 9
    assert [task for task, stored, _ in taken.settled if not stored] == [poison]
    assert len({task for task, stored, _ in taken.settled if stored}) == 9


def test_without_a_database_everything_is_given_back(store: ServerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are not tried one by one for ever: two that fail in a row, and all come again later."""
    taken = Taken(store, "away", 10)
    tries = []

    def away(answers: Sequence[Answer], *, attempts: int) -> Any:
        tries.append((len(answers), attempts))
        raise AssertionError

    monkeypatch.setattr(store.work, "store", away)
    with pytest.raises(AssertionError):
        taken.collect()
    assert [size for size, _ in tries] == [10, 1, 1]
    assert [stored for _, stored, _ in taken.settled] == [False] * 10
