"""Editing tags and merging players: everything agrees afterwards, and undoing brings back what was, to the byte."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import chess.pgn
import pytest

from desktop_app.domain.edits import EditState
from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.game import GameId, Opening, Ply
from desktop_app.domain.moves import pack_moves
from desktop_app.domain.names import NameKind
from desktop_app.errors import KibitzError, UsageError
from desktop_app.library.library import Library
from desktop_app.services.bin_games import delete_games, empty_bin, restore
from desktop_app.services.edit_games import edit_headers, merge_players, undo_edit
from desktop_app.services.export_games import game_pgn
from desktop_app.services.import_games import import_text
from tests.unit.library.processes import script
from tests.unit.library.records import make_record, make_records

if TYPE_CHECKING:
    from collections.abc import Iterator

ODD = """{before the tags}
[White "Muller"]
[White  "Müller, Hans"]
[Event "Test"]
[Black "So, W"] [Date "2020.??.??"]
[Result "1-0"]

1. e4 { good } e5 2. Nf3 0-1
"""


@pytest.fixture
def library(location: str) -> Iterator[Library]:
    """An open, empty library, in SQLite and in PostgreSQL."""
    with Library.open(location) as opened:
        yield opened


def _found(library: Library, expression: str) -> list[int]:
    return [int(row.id) for row in library.games.page(GameQuery(filter=parse_filter(expression)), 0, 1000)]


def _state(library: Library, game_id: int) -> tuple[object, ...]:
    """All that a game is: its row, its record, its text."""
    stored = library.games.get(GameId(game_id))
    return stored.row, stored.record


def test_everything_agrees_after_an_edit(library: Library) -> None:
    """Row, tags, text, search by name and export say the new values; moves and comments are as they were."""
    record = make_record(comment="a fine move", White="Old Name", WhiteElo="2000")
    (game_id,) = library.games.add(None, [record]).imported
    changes = {"White": "Žalgiris, Jonas", "WhiteElo": "2455", "Date": "1999-01", "Result": "½-½", "Annotator": "Me"}
    report = edit_headers(library, [game_id], changes)
    assert (report.changed, report.cancelled) == (1, False)
    stored = library.games.get(game_id)
    row = stored.row
    assert (row.white, row.white_elo, row.date, row.result) == ("Žalgiris, Jonas", 2455, "1999.01.??", "1/2-1/2")
    assert _found(library, "player:zalgiris") == [game_id]
    assert _found(library, 'white:"old name"') == []
    read = chess.pgn.read_game(io.StringIO(game_pgn(library, game_id)))
    assert read is not None
    assert dict(read.headers) == stored.record.header_map
    assert pack_moves(list(read.mainline_moves())) == record.moves
    assert "a fine move" in stored.record.pgn
    assert stored.record.pgn.rstrip().endswith("1/2-1/2")


@pytest.mark.parametrize("text", [ODD, make_record().pgn, "1. e4 e5 *\n", '[White "A \\"B\\" C"]\n1. d4 d5\n'])
def test_undo_brings_back_every_byte(library: Library, text: str) -> None:
    """Whatever the tag section looked like, undoing gives the game back as it was; redoing and undoing again too."""
    receipt = import_text(library, text, "odd")
    assert receipt.imported == 1
    (game_id,) = _found(library, "")
    before = _state(library, game_id)
    for changes in (
        {"White": "A", "Black": "B", "Result": "0-1"},
        {"Event": None, "Site": "Here", "Round": "3", "Annotator": 'Quo"te \\ back'},
        {"ECO": "B90", "Opening": "My line", "Date": "2021"},
    ):
        report = edit_headers(library, [GameId(game_id)], changes)
        assert report.edit is not None
        assert _state(library, game_id) != before
        undone = undo_edit(library, report.edit.id)
        assert (undone.changed, undone.stayed, undone.edit.state) == (1, 0, EditState.UNDONE)
        assert _state(library, game_id) == before


def test_an_opening_named_by_hand_is_shown(library: Library) -> None:
    """ECO and Opening given by a person stand in the list in place of what the position says, until that is undone."""
    (game_id,) = library.games.add(None, [make_record(opening=Opening("C60", "Ruy Lopez", Ply(5)))]).imported
    report = edit_headers(library, [game_id], {"ECO": "C88"})
    row = library.games.get(game_id).row
    assert (row.eco, row.opening) == ("C88", "Ruy Lopez")
    assert report.edit is not None
    undo_edit(library, report.edit.id)
    assert library.games.get(game_id).row.eco == "C60"


def test_an_edited_game_is_known_by_both_its_identities(library: Library) -> None:
    """Importing the source again finds the game, and so does importing what was exported after the edit."""
    (game_id,) = library.games.add(None, [make_record()]).imported
    edit_headers(library, [game_id], {"White": "Someone Else"})
    again = import_text(library, make_record().pgn, "source")
    assert (again.imported, again.duplicates) == (0, 1)
    exported = import_text(library, game_pgn(library, game_id), "export")
    assert (exported.imported, exported.duplicates) == (0, 1)


def test_only_what_changed_later_stays(library: Library) -> None:
    """Undoing an older edit leaves games whose tag was changed again since, and says how many."""
    first, second = library.games.add(None, make_records(2)).imported
    older = edit_headers(library, [first, second], {"Event": "One"}).edit
    newer = edit_headers(library, [second], {"Event": "Two"}).edit
    assert older is not None
    assert newer is not None
    undone = undo_edit(library, older.id)
    assert (undone.changed, undone.stayed) == (1, 1)
    assert library.games.get(second).row.event == "Two"
    with pytest.raises(KibitzError, match="undone before"):
        undo_edit(library, older.id)
    assert undo_edit(library, newer.id).changed == 1
    assert library.games.get(second).row.event == "One"


def test_an_edit_undone_while_a_game_was_in_the_bin(library: Library) -> None:
    """The game comes back from the bin as it was put there; then the edit can be undone for it too."""
    ids = library.games.add(None, make_records(2)).imported
    before = [_state(library, game_id) for game_id in ids]
    edit = edit_headers(library, [*ids, ids[0]], {"Event": "New"}).edit
    assert edit is not None
    assert edit.games == 2
    entry = delete_games(library, ids[:1]).entry_id
    assert entry is not None
    assert undo_edit(library, edit.id).edit.state is EditState.UNDONE
    restore(library, entry)
    assert _found(library, "event:new") == [ids[0]]
    assert undo_edit(library, edit.id).changed == 1
    assert [_state(library, game_id) for game_id in ids] == before
    with pytest.raises(KibitzError, match="undone before"):
        undo_edit(library, edit.id)


def test_an_edit_tells_no_games_that_are_gone_for_good(library: Library) -> None:
    """What the bin was emptied of cannot be changed back: every edit of it tells so many games less."""
    ids = library.games.add(None, make_records(3)).imported
    event = edit_headers(library, ids, {"Event": "New"}).edit
    site = edit_headers(library, ids[:2], {"Site": "Here"}).edit
    assert event is not None
    assert site is not None
    delete_games(library, ids[:2])
    assert [edit.games for edit in library.edits.history()] == [2, 3]
    empty_bin(library)
    assert [edit.games for edit in library.edits.history()] == [0, 1]
    assert undo_edit(library, event.id).changed == 1
    assert undo_edit(library, site.id).edit.state is EditState.UNDONE
    assert [edit.games for edit in library.edits.history()] == [0, 0]


def test_a_game_in_the_bin_keeps_no_other_from_being_known(library: Library) -> None:
    """Two games edited into the same: the one that is there is found by its export, wherever the other went."""
    first, second = library.games.add(None, [make_record(White=name) for name in ("One", "Two")]).imported
    edit_headers(library, [first], {"White": "Somebody Else"})
    entry = delete_games(library, [first]).entry_id
    assert entry is not None
    edit_headers(library, [second], {"White": "Somebody Else"})
    exported = library.games.get(second).record
    assert library.games.add(None, [exported]).imported == ()
    assert restore(library, entry).games == 1
    assert library.games.add(None, [exported]).imported == ()


def test_nothing_to_change_is_no_edit(library: Library) -> None:
    """Games that have the values already are not touched, and the history stays empty."""
    ids = library.games.add(None, make_records(2)).imported
    report = edit_headers(library, ids, {"Event": "Club evening"})
    assert (report.edit, report.changed) == (None, 0)
    assert library.edits.history() == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Date": "2021.02.30"}, "no day of the calendar"),
        ({"Date": "yesterday"}, "year.month.day"),
        ({"Result": "2-0"}, "one of 1-0"),
        ({"WhiteElo": "many"}, "whole number"),
        ({"WhiteElo": "12000"}, "whole number"),
        ({"ECO": "Z99"}, "letter from A to E"),
        ({"White": "two\nlines"}, "line break"),
        ({"FEN": "8/8/8/8/8/8/8/8 w - - 0 1"}, "start position"),
        ({"not a tag": "x"}, "no name of a tag"),
        ({}, "Nothing"),
    ],
)
def test_wrong_values_are_refused_in_words(library: Library, changes: dict[str, str], said: str) -> None:
    """A value that cannot be is refused with a sentence, and no game is touched."""
    ids = library.games.add(None, [make_record()]).imported
    before = _state(library, ids[0])
    with pytest.raises(UsageError, match=said):
        edit_headers(library, ids, {"Event": "New", **changes} if changes else changes)
    assert _state(library, ids[0]) == before


def test_merging_is_one_edit_and_remembered(library: Library) -> None:
    """All games of a player get one name; undoing gives the old names back, each where it was."""
    written = [("e2e4", "Carlsen,M"), ("d2d4", "CARLSEN,M"), ("g1f3", "Carlsen, Magnus"), ("e2e4", "So, W")]
    games = [make_record(move, White=name) for move, name in written]
    games.append(make_record("b2b3", White="So, W", Black="carlsen,m"))
    ids = library.games.add(None, games).imported
    before = [_state(library, number) for number in ids]
    report = merge_players(library, ["Carlsen,M"], "Carlsen, Magnus")
    assert report.changed == 3
    assert len(_found(library, 'player:"Carlsen, Magnus"')) == 4
    assert {row.white for row in library.games.rows(ids)} == {"Carlsen, Magnus", "So, W"}
    library.games.add(None, [make_record("c2c4", White="Carlsen,M")])
    assert len(_found(library, 'player:"Carlsen, Magnus"')) == 5
    assert report.edit is not None
    assert undo_edit(library, report.edit.id).changed == 3
    assert [_state(library, number) for number in ids] == before
    assert library.people.of("Carlsen,M") is None


def test_names_that_an_undone_edit_gave_are_not_offered(library: Library) -> None:
    """Neither while typing nor as somebody's other name; nor do they keep the names of games apart."""
    written = [("e2e4", "Muller, H"), ("d2d4", "Muller, Hans"), ("c2c4", "Muller, Hans")]
    ids = library.games.add(None, [make_record(move, White=name) for move, name in written]).imported
    edit = edit_headers(library, ids[1:2], {"White": "Muller, Heinz"}).edit
    assert edit is not None
    assert library.suggestions.names(NameKind.PLAYER, "muller, he") == ["Muller, Heinz"]
    assert library.people.suggestions() == []
    undo_edit(library, edit.id)
    assert library.suggestions.names(NameKind.PLAYER, "muller, he") == []
    assert [one.name for one in library.people.similar("Muller, Hans")] == ["Muller, H"]
    (group,) = library.people.suggestions()
    assert [one.name for one in group] == ["Muller, Hans", "Muller, H"]


def test_merging_needs_two_names(library: Library) -> None:
    """One name alone is no merging."""
    with pytest.raises(UsageError, match="at least one other name"):
        merge_players(library, ["carlsen, magnus"], "Carlsen, Magnus")


_EDIT = """
import sys
from desktop_app.library.library import Library
from desktop_app.services.watch import Watch
from desktop_app.services.edit_games import edit_headers
from desktop_app.domain.filters import GameQuery
class Told:
    def progress(self, done, total, text):
        print(done, flush=True)
with Library.open(sys.argv[1]) as library:
    edit_headers(library, list(library.games.ids(GameQuery())), {"Event": "New"}, watch=Watch(Told()))
"""


def test_a_killed_edit_can_be_undone(location: str) -> None:
    """After kill -9 in the middle the edit is marked interrupted, each game is whole, and undoing brings all back."""
    with Library.open(location) as library:
        for seed in range(1, 9):
            library.games.add(None, make_records(250, seed=seed, plies=2))
    with script(_EDIT, location) as editor:
        assert editor.stdout is not None
        assert editor.stdout.readline().strip() == "250"
        editor.kill()
        editor.wait(60)
    with Library.open(location) as library:
        (edit,) = library.edits.history()
        changed = _found_all(library, 'event:"new"')
        assert edit.games == len(changed)
        assert changed
        assert edit.state in {EditState.INTERRUPTED, EditState.DONE}
        assert undo_edit(library, edit.id).changed == len(changed)
        assert _found_all(library, 'event:"new"') == []
        assert library.check() == []


def _found_all(library: Library, expression: str) -> list[int]:
    return list(library.games.ids(GameQuery(filter=parse_filter(expression))))
