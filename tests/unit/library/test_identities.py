"""Which games are known while a big import does without the unique index: never one twice, whoever else writes."""

from __future__ import annotations

import random
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import IntegrityError

from desktop_app.domain.filters import GameQuery
from desktop_app.errors import LibraryCorruptError
from desktop_app.library import indexes
from desktop_app.library.fast import identity_table
from desktop_app.library.fast.identity_table import IdentityTable
from desktop_app.library.library import Library
from desktop_app.library.prepared import PreparedGames, prepare
from desktop_app.library.soundness import check_counts, repair
from desktop_app.services.bin_games import delete_games, restore
from desktop_app.services.edit_games import edit_headers
from tests.unit.library.processes import DEADLINE_S, script
from tests.unit.library.records import make_record, make_records
from tests.unit.pgn.fast.forms import load

if TYPE_CHECKING:
    from collections.abc import Sequence

UNIQUE = "uq_game_identity"


@pytest.fixture(autouse=True)
def _small_imports_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "LEAST_GAMES", 10)


_DIES = """
import os, sys
from desktop_app.library import indexes
from desktop_app.library.library import Library
from tests.unit.library.records import make_records
indexes.LEAST_GAMES = 10
library = Library.open(sys.argv[1])
assert library.indexes.defer(10_000)
library.games.add(None, make_records(50))
os.kill(os.getpid(), 9)
"""


def _loosen(library: Library) -> None:
    assert library.indexes.defer(10_000)
    library.database.write(lambda _: None)  # behind it
    assert UNIQUE in library.indexes.missing()


def _tighten(library: Library) -> None:
    library.indexes.restore().result(DEADLINE_S)
    assert library.indexes.missing() == []


def test_the_same_games_are_known_with_and_without_the_index(tmp_path: Path) -> None:
    """Runs of new, known and repeated games, the index there or not: the same ids, the same duplicates of the same."""
    rng = random.Random(8)  # noqa: S311 -- test data
    pool = make_records(400, seed=8)
    with Library.open(tmp_path / "one.kibitz") as one, Library.open(tmp_path / "other.kibitz") as other:
        for turn in range(60):
            rng.choice([_loosen, _tighten, lambda _: None])(one)
            fresh = turn % 3 == 0
            records = pool[turn * 6 : turn * 6 + 6] if fresh else rng.choices(pool, k=rng.randrange(1, 12))
            assert one.games.add(None, records) == other.games.add(None, records)
        _tighten(one)
        assert one.games.count(GameQuery()) == other.games.count(GameQuery()) > 200
        assert one.check() == []


def test_two_processes_import_the_same_games(path: Path) -> None:
    """Whoever stores while another does without the index builds it, the other goes on with it, and back again."""
    records = make_records(60)
    with Library.open(path) as one, Library.open(path) as other:
        _loosen(one)
        one.games.add(None, records[:10])
        assert other.games.add(None, records[5:20]).duplicates.keys() == set(range(5))
        assert one.games.add(None, records[:20]).duplicates.keys() == set(range(20))
        assert UNIQUE not in one.indexes.missing()
        _loosen(one)
        one.games.add(None, records[20:30])
        _loosen(other)
        other.games.add(None, records[25:40])
        assert one.games.add(None, records[:50]).duplicates.keys() == set(range(40))
        assert other.games.add(None, records).duplicates.keys() == set(range(50))
        assert one.games.count(GameQuery()) == 60
        _tighten(one)


def test_a_run_that_failed_is_not_known(file_library: Library) -> None:
    """Games whose transaction was rolled back are stored when they come again."""
    records = make_records(20)
    _loosen(file_library)
    file_library.games.add(None, records[:5])
    with pytest.raises(IntegrityError):
        file_library.games.add(4711, records)  # no such import
    assert file_library.games.add(None, records).duplicates.keys() == set(range(5))


def test_a_process_that_dies_leaves_no_game_twice(path: Path) -> None:
    """Killed in the middle: the next one that opens the library, or stores before the index stands, knows all games."""
    with script(_DIES, path) as process:
        assert process.wait(DEADLINE_S) == -signal.SIGKILL
    with Library.open(path) as library:
        assert len(library.games.add(None, make_records(60)).duplicates) == 50
        _tighten(library)


def test_a_game_that_went_meanwhile_comes_back(file_library: Library) -> None:
    """One that was moved to the bin after it was known is new, and stays known from then on."""
    records = make_records(20)
    _loosen(file_library)
    ids = file_library.games.add(None, records).imported
    entry = delete_games(file_library, ids[:3]).entry_id
    outcome = file_library.games.add(None, records[:5])
    assert outcome.duplicates == {3: ids[3], 4: ids[4]}
    assert file_library.games.add(None, records[:3]).duplicates == dict(enumerate(outcome.imported))
    assert entry is not None
    assert restore(file_library, entry).games == 0


def test_what_lies_in_the_bin_stays_there_when_it_was_imported_again(file_library: Library) -> None:
    """Restoring asks the index, and so builds it; the import goes on with it."""
    records = make_records(20)
    ids = file_library.games.add(None, records).imported
    entry = delete_games(file_library, ids[:3]).entry_id
    _loosen(file_library)
    file_library.games.add(None, records[:2])
    assert entry is not None
    assert [one.again for one in file_library.bin.games(entry, limit=10)] == [None] * 3  # too costly to ask now
    assert restore(file_library, entry).games == 1
    assert all(one.again for one in file_library.bin.games(entry, limit=10))
    assert file_library.games.add(None, records).duplicates.keys() == set(range(20))
    assert file_library.games.count(GameQuery()) == 20


def test_edited_games_are_known_by_what_they_say_now(file_library: Library) -> None:
    """Edited before or while the index is missing: found by the old identity and by the new one."""
    records = [make_record(White=f"Player {number}") for number in range(30)]
    ids = file_library.games.add(None, records).imported
    edit_headers(file_library, ids[:1], {"White": "Somebody"})
    now = make_record(White="Somebody")
    _loosen(file_library)
    assert file_library.games.add(None, [now, make_record("d2d4"), records[0]]).duplicates == {0: ids[0], 2: ids[0]}
    edit_headers(file_library, ids[1:2], {"White": "Somebody else"})
    assert file_library.games.add(None, [make_record(White="Somebody else")]).duplicates == {0: ids[1]}
    assert file_library.games.add(None, records).duplicates.keys() == set(range(30))


def _with_identities(identities: Sequence[bytes], seed: int) -> PreparedGames:
    prepared = PreparedGames()
    for record in make_records(len(identities), seed=seed):
        prepared.append(prepare(record))
    prepared.columns[0][:] = identities
    return prepared


def test_half_an_identity_is_not_enough(file_library: Library) -> None:
    """Games with the same first half of their identities, in a run and before it, are different games."""
    one, other, third = (b"8 bytes " + bytes([number]) * 8 for number in range(3))
    _loosen(file_library)
    first = file_library.games.submit_prepared(None, _with_identities([one], 1)).result()
    second = file_library.games.submit_prepared(None, _with_identities([other, third, one, other], 2)).result()
    assert second.duplicates == {2: first.imported[0], 3: second.imported[0]}
    _loosen(file_library)
    fourth = b"8 bytes " + b"4" * 8
    fresh = bytes(16)
    again = file_library.games.submit_prepared(None, _with_identities([fresh, fourth, fresh], 3)).result()
    assert len(again.imported) == 2
    _tighten(file_library)


def test_doctor_tells_games_apart_that_a_fault_stored_twice(file_library: Library) -> None:
    """Without the index and against all rules: storing says so, the check finds it, and mending keeps both games."""
    file_library.games.add(None, make_records(30))
    _loosen(file_library)
    file_library.database.write(
        lambda connection: connection.exec_driver_sql("UPDATE game SET identity = zeroblob(16) WHERE id <= 3").rowcount
    )
    with Library.open(file_library.location) as other:
        with pytest.raises(LibraryCorruptError, match="twice"):
            other.games.add(None, make_records(1))
        found = [one for one in check_counts(other.database) if one.kind in {"twins", "indexes"}]
        assert [(one.kind, one.count) for one in found[:1]] == [("twins", 2)]
        assert all(repair(other.database, one) for one in found)
        assert check_counts(other.database) == []
        assert other.games.count(GameQuery()) == 30
        assert len(other.games.add(None, make_records(1, seed=99)).imported) == 1


_ONE = bytes(7) + b"\1"


@pytest.mark.parametrize("compiled", [True, False])
def test_the_table_is_a_dictionary(compiled: bool) -> None:
    """Against Python's own, as installed and as source, through several growths, with halves that collide."""
    plain = load("plain_identity_table", Path(identity_table.__file__).parent / "identity_table.py")
    make = IdentityTable if compiled else plain.IdentityTable
    rng = random.Random(3)  # noqa: S311 -- test data
    table, known = make(10), dict[bytes, int]()
    table.put([bytes(16)], [7])
    known[_ONE] = 7
    first = 100
    for _ in range(40):
        run = [bytes(rng.choices((0, 1, 255), k=16)) for _ in range(rng.randrange(200))]
        run += [rng.randbytes(16) for _ in range(rng.randrange(200))]
        expected, number = [], first
        for place, identity in enumerate(run):
            # Zero stands for an empty slot, so that half shares the place of one.
            key = identity[:8] if any(identity[:8]) else _ONE
            if (same := known.get(key)) is not None:
                expected.append((place, same))
            else:
                known[key] = number
                number += 1
        assert table.claim(run, first) == expected
        assert len(table) == len(known)
        first = number + 5
