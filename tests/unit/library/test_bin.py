"""The bin: removed games keep everything, come back under their ids, and never get in each other's way."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from desktop_app.domain.bin import BinReason
from desktop_app.domain.evaluation import Cp, EngineIdentity, Evaluation
from desktop_app.domain.filters import GameQuery
from desktop_app.domain.game import GameId, GameState, Ply
from desktop_app.domain.profile import AnalysisKey, Profile, SearchSpec
from desktop_app.domain.receipt import Receipt
from desktop_app.domain.rows import BatchState
from desktop_app.domain.work import Owner
from desktop_app.errors import JobOwnedElsewhereError, KibitzError, NotFoundError
from desktop_app.library.evaluations import ChunkToStore, StoredPosition
from desktop_app.library.owners import this_owner
from desktop_app.library.tables import analysis
from desktop_app.library.tables_bin import bin_entry
from desktop_app.services.bin_games import delete_games, empty_bin, restore, undo_import
from desktop_app.services.edit_games import edit_headers
from desktop_app.services.watch import Watch
from tests.unit.library.processes import script
from tests.unit.library.records import make_record, make_records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.work import JobId, JobItemId
    from desktop_app.library.library import Library
    from desktop_app.services.changes import Changes

_ENGINE = EngineIdentity("Fish 1", "abc", ())
_SPEC = SearchSpec(Profile.QUICK, 1000, reproducible=True)


def _ids(library: Library) -> list[int]:
    return sorted(library.games.ids(GameQuery()))


def _job(library: Library, ids: Sequence[GameId]) -> JobId:
    return library.jobs.create(ids, engine_path="fish", spec=_SPEC, workers=1)


def _analyse(library: Library, game_id: GameId, *, plies: int = 6) -> None:
    """Give a game a whole analysis, with a different score at every ply."""
    job = _job(library, [game_id])
    (item,) = library.jobs.items(job)
    evaluations = {
        Ply(ply): Evaluation(Cp(10 * ply + int(game_id)), depth=9, nodes=1000, best="e2e4", pv=("e2e4",), engine_ms=3)
        for ply in range(plies + 1)
    }
    positions = tuple(StoredPosition(ply, found, None) for ply, found in evaluations.items())
    library.evaluations.store_chunk(_chunk(item.id, game_id, positions))


def _chunk(item_id: JobItemId, game_id: GameId, positions: tuple[StoredPosition, ...]) -> ChunkToStore:
    key = AnalysisKey(_ENGINE, _SPEC)
    return ChunkToStore(item_id, game_id, key, positions, positions_total=7, summary=None, grading="lichess")


def test_a_deleted_game_comes_back_as_it_was(library: Library) -> None:
    """Text, row, analysis and evaluations are the same after a stay in the bin, and so is the id."""
    first, second, third = library.games.add(None, make_records(3)).imported
    _analyse(library, second)
    before = library.games.get(second)
    known = library.evaluations.of_key(second, AnalysisKey(_ENGINE, _SPEC))
    assert known
    removed = delete_games(library, [second])
    assert removed.games == 1
    assert _ids(library) == [first, third]
    with pytest.raises(NotFoundError):
        library.games.get(second)
    (entry,) = library.bin.entries()
    assert (entry.games, entry.reason, entry.finished) == (1, BinReason.DELETED, True)
    assert [game.id for game in library.bin.games(entry.id, limit=9)] == [second]
    assert restore(library, entry.id).games == 1
    after = library.games.get(second)
    assert after == before
    assert after.row.state is GameState.ANALYSED
    assert library.evaluations.of_key(second, AnalysisKey(_ENGINE, _SPEC)) == known
    assert library.bin.entries() == []
    assert library.check() == []


def test_analyses_that_got_the_same_number_are_kept_apart(library: Library) -> None:
    """An analysis made after another's game was removed may have its number; each comes back to its own game."""
    first, second = library.games.add(None, make_records(2)).imported
    key = AnalysisKey(_ENGINE, _SPEC)
    scores = {}
    for game in (first, second):
        _analyse(library, game)
        scores[game] = library.evaluations.of_key(game, key)
        delete_games(library, [game])
    for entry in library.bin.entries():
        restore(library, entry.id)
    for game in (first, second):
        assert library.evaluations.of_key(game, key) == scores[game]
        assert library.games.get(game).row.evaluated == 7
    with library.database.read() as connection:
        assert len(connection.execute(select(analysis.c.id)).all()) == 2


def test_an_id_is_never_given_twice(library: Library) -> None:
    """A game imported while the newest is in the bin gets a new id, so that the old one can come back."""
    (old,) = library.games.add(None, [make_record(Round="1")]).imported
    entry = delete_games(library, [old]).entry_id
    (new,) = library.games.add(None, [make_record(Round="2", White="So")]).imported
    assert entry is not None
    assert new > old
    assert restore(library, entry).games == 1
    assert _ids(library) == [old, new]


def test_a_game_imported_again_stays_in_the_bin(library: Library) -> None:
    """Restoring keeps the newer copy, puts the others back, and says how many had to stay."""
    records = make_records(3)
    ids = library.games.add(None, records).imported
    entry = delete_games(library, ids).entry_id
    assert entry is not None
    (again,) = library.games.add(None, [records[1]]).imported
    assert [game.again for game in library.bin.games(entry, limit=9)] == [None, again, None]
    done = restore(library, entry)
    assert (done.games, done.stayed) == (2, 1)
    assert _ids(library) == [ids[0], ids[2], again]
    assert library.bin.entry(entry).games == 1
    delete_games(library, [again])
    assert restore(library, entry).games == 1
    assert _ids(library) == sorted(ids)


def test_an_edited_game_imported_again_stays_in_the_bin(library: Library) -> None:
    """Restoring knows games as imports do: by what they were before an edit, and by what they became."""
    first, other = make_records(2)
    (edited,) = library.games.add(None, [first]).imported
    edit_headers(library, [edited], {"White": "Somebody Else"})
    exported = library.games.get(edited).record
    entry = delete_games(library, [edited]).entry_id
    assert entry is not None
    (again,) = library.games.add(None, [exported]).imported
    assert [game.again for game in library.bin.games(entry, limit=9)] == [again]
    assert restore(library, entry).stayed == 1
    delete_games(library, [again])
    assert restore(library, entry).games == 1
    # And a game that was edited into what the removed one was is what an import would take for it.
    (gone,) = library.games.add(None, [replace(first, headers=other.headers)]).imported
    removed = delete_games(library, [gone]).entry_id
    assert removed is not None
    edit_headers(library, [edited], {name: value for name, value in other.headers if name not in {"FEN", "SetUp"}})
    assert library.games.add(None, [replace(first, headers=other.headers)]).imported == ()
    assert [game.again for game in library.bin.games(removed, limit=9)] == [edited]
    assert restore(library, removed).stayed == 1


def test_what_was_undone_again_is_as_new_as_its_last_removal(library: Library) -> None:
    """Emptying what is old spares games that were put into an old entry today."""
    batch = library.imports.begin("club.pgn")
    records = make_records(3)
    library.games.add(batch, records)
    library.imports.finish(batch, Receipt(3, 0, 0, 0, 1.0, 0), BatchState.DONE)
    undo_import(library, batch)
    library.games.add(None, records[:1])
    old = update(bin_entry).values(made_at=1e9)
    library.database.write(lambda connection: connection.execute(old))
    (entry,) = library.bin.entries()
    assert restore(library, entry.id).games == 2
    assert undo_import(library, batch).games == 2
    assert empty_bin(library, older_than_days=30) == 0
    assert library.bin.entry(entry.id).games == 3


def test_emptying_the_bin_while_games_come_into_it(library: Library) -> None:
    """Whoever still moves games is told in words, and keeps those that were not moved."""
    ids = library.games.add(None, make_records(3)).imported
    entry = library.bin.open_entry(BinReason.DELETED)
    library.bin.move(entry, ids[:1], this_owner())
    assert empty_bin(library) == 1
    with pytest.raises(NotFoundError, match="emptied"):
        library.bin.move(entry, ids[1:], this_owner())
    assert _ids(library) == list(ids[1:])


def test_some_games_of_an_entry(library: Library) -> None:
    """Chosen games of an entry come back, the others stay in it."""
    ids = library.games.add(None, make_records(4)).imported
    entry = delete_games(library, ids).entry_id
    assert entry is not None
    assert restore(library, entry, ids=[ids[1], ids[2]]).games == 2
    assert _ids(library) == [ids[1], ids[2]]
    assert library.bin.entry(entry).games == 2


def test_deleting_what_is_gone(library: Library) -> None:
    """Games that are not there are passed over, and an entry with nothing in it is not kept."""
    (game,) = library.games.add(None, [make_record()]).imported
    assert delete_games(library, [game, GameId(99)]).games == 1
    removed = delete_games(library, [game])
    assert (removed.games, removed.entry_id) == (0, None)
    assert len(library.bin.entries()) == 1
    with pytest.raises(NotFoundError):
        library.bin.entry(99)


def test_an_import_is_undone_and_redone_as_one(library: Library) -> None:
    """All games of a batch go and come as one entry; the batch is undone in between, its figures stay."""
    (kept,) = library.games.add(None, [make_record(Round="99")]).imported
    batch = library.imports.begin("club.pgn")
    ids = library.games.add(batch, make_records(1200)).imported
    with pytest.raises(KibitzError, match="still running"):
        undo_import(library, batch)
    library.imports.finish(batch, Receipt(1200, 0, 0, 0, 1.0, 0), BatchState.CANCELLED)
    news: list[Changes] = []
    removed = undo_import(library, batch, watch=Watch(on_changes=news.append))
    assert removed.games == 1200
    assert frozenset().union(*(one.games for one in news)) == frozenset(ids)
    assert _ids(library) == [kept]
    assert library.imports.get(batch).state is BatchState.UNDONE
    entry = library.bin.entry_of_import(batch)
    assert entry is not None
    assert (entry.games, entry.reason, entry.source) == (1200, BinReason.IMPORT_UNDONE, "club.pgn")
    assert restore(library, entry.id).games == 1200
    assert library.imports.get(batch).state is BatchState.CANCELLED
    assert _ids(library) == [kept, *ids]
    assert library.bin.entries() == []


def test_an_import_without_games_left_is_undone_too(library: Library) -> None:
    """Where all its games were deleted before, undoing marks the import, and redoing unmarks it."""
    batch = library.imports.begin("club.pgn")
    ids = library.games.add(batch, make_records(2)).imported
    library.imports.finish(batch, Receipt(2, 0, 0, 0, 1.0, 0))
    delete_games(library, ids)
    assert undo_import(library, batch).games == 0
    assert library.imports.get(batch).state is BatchState.UNDONE
    entry = library.bin.entry_of_import(batch)
    assert entry is not None
    restore(library, entry.id)
    assert library.imports.get(batch).state is BatchState.DONE


class _StopAt:
    """Asks to stop after so many questions."""

    def __init__(self, answers: int) -> None:
        self.left = answers

    def cancelled(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_stopping_and_going_on(library: Library) -> None:
    """A stopped undo keeps what it moved in its one entry and goes on in it; a stopped restore likewise."""
    batch = library.imports.begin("club.pgn")
    ids = library.games.add(batch, make_records(1200)).imported
    library.imports.finish(batch, Receipt(1200, 0, 0, 0, 1.0, 0))
    removed = undo_import(library, batch, watch=Watch(cancel=_StopAt(0)))
    assert removed.cancelled
    assert 0 < removed.games < 1200
    assert library.imports.get(batch).state is BatchState.DONE
    assert removed.games + len(_ids(library)) == 1200
    undo_import(library, batch)
    (entry,) = library.bin.entries()
    assert (entry.games, entry.finished) == (1200, True)
    back = restore(library, entry.id, watch=Watch(cancel=_StopAt(0)))
    assert back.cancelled
    assert 0 < back.games < 1200
    assert library.imports.get(batch).state is BatchState.UNDONE
    restore(library, entry.id)
    assert _ids(library) == list(ids)
    assert library.imports.get(batch).state is BatchState.DONE


def test_emptying(library: Library) -> None:
    """What is emptied is gone for good, old entries alone where that is asked for; ids stay taken."""
    ids = library.games.add(None, make_records(3)).imported
    for game in ids[:2]:
        delete_games(library, [game])
    newest = library.bin.entries()[0]
    assert empty_bin(library, older_than_days=1) == 0
    assert empty_bin(library, [newest.id]) == 1
    assert library.bin.count() == 1
    assert empty_bin(library) == 1
    assert library.bin.entries() == []
    assert _ids(library) == [ids[2]]
    assert library.games.add(None, [make_record(Round="7")]).imported[0] > ids[2]


_OTHER_PROCESS = """
import dataclasses, json, sys
from desktop_app.library.owners import this_owner
print(json.dumps(dataclasses.asdict(this_owner())), flush=True)
sys.stdin.read()
"""


def test_games_waiting_for_an_engine(library: Library) -> None:
    """Queued games of nobody's job can go and come back unanalysed; those of a living process elsewhere are refused."""
    ids = library.games.add(None, make_records(2)).imported
    job = _job(library, ids)
    with script(_OTHER_PROCESS) as other:
        assert other.stdout is not None
        library.jobs.claim(job, Owner(**json.loads(other.stdout.readline())))
        with pytest.raises(JobOwnedElsewhereError, match="being analysed"):
            delete_games(library, [ids[0]])
        assert library.bin.entries() == []
        assert _ids(library) == list(ids)
    library.jobs.release(job)
    library.jobs.claim(job, this_owner())
    entry = delete_games(library, [ids[0]]).entry_id
    assert entry is not None
    assert [item.game_id for item in library.jobs.items(job)] == [ids[1]]
    restore(library, entry)
    assert library.games.get(ids[0]).row.state is GameState.UNANALYSED
    assert library.games.get(ids[1]).row.state is GameState.QUEUED


def test_a_late_answer_of_an_engine_does_no_harm(library: Library) -> None:
    """Positions of a game that was removed meanwhile are not stored, and nothing fails."""
    (game,) = library.games.add(None, make_records(1)).imported
    job = _job(library, [game])
    (item,) = library.jobs.items(job)
    delete_games(library, [game])
    found = Evaluation(Cp(1), depth=9, nodes=1000, best="e2e4", pv=(), engine_ms=3)
    chunk = _chunk(item.id, game, (StoredPosition(Ply(0), found, None),))
    assert not library.evaluations.store_chunk(chunk)


def test_the_position_index_is_told(library: Library) -> None:
    """Segments of games that went or came are stale, so that nothing is counted that is not there."""
    game, _ = library.games.add(None, make_records(2)).imported

    def settle() -> None:
        library.positions.store(library.positions.games_of(0), [b""] * 256, [])
        assert library.positions.pending() == []

    settle()
    entry = delete_games(library, [game]).entry_id
    assert entry is not None
    assert library.positions.pending() == [0]
    settle()
    restore(library, entry)
    assert library.positions.pending() == [0]
