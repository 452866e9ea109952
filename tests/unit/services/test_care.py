"""Compacting and checking a library: what is found, what is mended, what is refused, and what a kill leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, text, update

from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.game import GameState
from desktop_app.domain.receipt import Receipt
from desktop_app.errors import CancelledError, DiskFullError, KibitzError
from desktop_app.library import compacting
from desktop_app.library.library import Library
from desktop_app.library.prepared import pack_text
from desktop_app.library.tables import game, game_text, import_batch, name_entry
from desktop_app.library.tables_care import game_alias
from desktop_app.services.care import compact_library
from desktop_app.services.check_library import check_library, repair_library
from tests.unit.library.processes import script
from tests.unit.library.records import make_record, make_records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Executable


@pytest.fixture
def library(location: str) -> Iterator[Library]:
    """An open library of thirty games, in SQLite and in PostgreSQL."""
    with Library.open(location) as opened:
        batch = opened.imports.begin("test.pgn")
        opened.games.add(batch, make_records(30))
        yield opened


def _run(library: Library, statement: Executable) -> None:
    library.database.write(lambda connection: connection.execute(statement) and None)


def _kinds(library: Library) -> set[str]:
    return {finding.kind for finding in check_library(library, full=True).findings}


def test_a_sound_library_has_no_findings(library: Library) -> None:
    """All games are read again and nothing is found."""
    found = check_library(library, full=True)
    assert found.sound, found.findings
    assert (found.games, found.texts_read) == (30, 30)


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (update(import_batch).values(imported=3), "batch_counts"),
        (update(game).where(game.c.id == 1).values(state=GameState.ANALYSED.value), "analysed_badly"),
        (update(game).where(game.c.id < 4).values(state=GameState.IN_PROGRESS.value), "unwatched"),
        (delete(name_entry).where(name_entry.c.name == "ding, l"), "names"),
        (text("DROP INDEX ix_game_date"), "indexes"),
        (game_alias.insert().values(identity=bytes(16), game_id=999), "strays"),
    ],
)
def test_what_is_wrong_is_found_and_mended(library: Library, damage: Executable, kind: str) -> None:
    """Each fault is told in a sentence and mended; the library is sound afterwards."""
    _run(library, damage)
    if kind == "names" and library.path is not None:
        _run(library, text("INSERT INTO name_fts (name_fts) VALUES ('rebuild')"))
    found = check_library(library, full=True)
    assert [finding.kind for finding in found.findings] == [kind]
    assert found.findings[0].repairable
    assert found.findings[0].text
    assert repair_library(library, found.findings) == []
    assert _kinds(library) == set()
    assert library.games.count(GameQuery(filter=parse_filter('player:"ding, l"'))) > 0


def test_texts_that_do_not_fit_are_named(library: Library) -> None:
    """A text with other moves than stored, one that cannot be read and one that is missing are told with what to do."""
    other = pack_text(make_record("d2d4").pgn)
    _run(library, update(game_text).where(game_text.c.game_id == 2).values(pgn=other))
    _run(library, update(game_text).where(game_text.c.game_id == 3).values(pgn=b"nonsense"))
    _run(library, delete(game_text).where(game_text.c.game_id == 4))
    found = {finding.kind: finding for finding in check_library(library, full=True).findings}
    assert set(found) == {"different", "unreadable", "no_text"}
    assert "ids 2" in found["different"].text
    assert "ids 3" in found["unreadable"].text
    assert all(finding.action for finding in found.values())
    assert len(repair_library(library, list(found.values()))) == 3


def test_the_search_for_parts_of_names_is_checked(file_library: Library) -> None:
    """What the trigram table has and the dictionary has not is found and built anew."""
    file_library.games.add(None, make_records(30))
    _run(file_library, delete(name_entry).where(name_entry.c.name == "ding, l"))
    assert {"name_search", "names"} <= _kinds(file_library)
    repair_library(file_library, check_library(file_library).findings)
    assert _kinds(file_library) == set()


def test_compacting_gives_back_room(library: Library) -> None:
    """What removed games left is given back and told; everything else is as it was, and writing goes on."""
    batch = library.imports.list()[0]
    library.imports.finish(batch.id, Receipt(30, 0, 0, 0, 1.0, 0))
    for seed in range(2, 12):
        library.games.add(None, make_records(300, seed=seed))
    _run(library, delete(game).where(game.c.id > 30))
    rows = library.games.page(GameQuery(), 0, 100)
    done = compact_library(library)
    assert done.won > 0
    assert done.after < done.before
    assert library.games.page(GameQuery(), 0, 100) == rows
    library.games.add(None, make_records(5, seed=99))
    assert library.check() == []


def test_compacting_is_refused_while_somebody_works(library: Library) -> None:
    """An import that runs is named, and nothing is done."""
    with pytest.raises(KibitzError, match=r"importing test\.pgn since"):
        compact_library(library)


def test_compacting_can_be_stopped(file_library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped in the middle, the library is as it was."""
    monkeypatch.setattr(compacting, "_STEPS_BETWEEN_QUESTIONS", 10)
    file_library.games.add(None, make_records(50))

    class Stopped:
        def cancelled(self) -> bool:
            return True

    with pytest.raises(CancelledError):
        compact_library(file_library, cancel=Stopped())
    assert file_library.check() == []
    file_library.games.add(None, make_records(5, seed=2))


def test_compacting_needs_room(file_library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without room to work in it says how much is needed, before anything is done."""
    monkeypatch.setattr(compacting, "free_bytes", lambda _path: 1 << 20)
    monkeypatch.setattr(compacting, "sqlite_sizes", lambda _driver: (1 << 30, 1 << 30))
    with pytest.raises(DiskFullError, match="needs 2,252 MB"):
        compact_library(file_library)


_COMPACT = """
import sys
from desktop_app.library import compacting
from desktop_app.library.library import Library
compacting._STEPS_BETWEEN_QUESTIONS = 1000
def told(done, total):
    print(done, flush=True)
    return not sys.stdin.readline()
with Library.open(sys.argv[1]) as library:
    library.database.compact(told)
"""


def test_a_killed_compacting_changes_nothing(path_of_library: Path) -> None:
    """After kill -9 in the middle the library opens, is sound and has all its games."""
    with script(_COMPACT, path_of_library) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        for _ in range(3):
            assert process.stdout.readline()
            process.stdin.write("\n")
            process.stdin.flush()
        process.kill()
        process.wait(60)
    with Library.open(path_of_library) as library:
        assert library.games.count(GameQuery()) == 600
        assert check_library(library, full=False).sound


@pytest.fixture
def path_of_library(tmp_path: Path) -> Path:
    """A closed library of 600 games."""
    path = tmp_path / "games.kibitz"
    with Library.open(path) as opened:
        for seed in (1, 2, 3):
            opened.games.add(None, make_records(200, seed=seed))
    return path


@pytest.fixture
def file_library(tmp_path: Path) -> Iterator[Library]:
    """An open, empty library in a file."""
    with Library.open(tmp_path / "games.kibitz") as opened:
        yield opened
