"""Duplicates that carry more: noticed by the import, offered, taken over as one unit, and given back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from desktop_app.domain.bin import Gain
from desktop_app.domain.evaluation import Cp, EngineIdentity, Evaluation
from desktop_app.domain.filters import GameQuery
from desktop_app.domain.game import GameId, GameState, Ply
from desktop_app.domain.profile import AnalysisKey, Profile, SearchSpec
from desktop_app.domain.rows import BatchState
from desktop_app.library.evaluations import ChunkToStore, StoredPosition
from desktop_app.library.tables_bin import enriched_game, import_duplicate
from desktop_app.services.bin_games import delete_games, empty_bin, restore, undo_import
from desktop_app.services.duplicates import MOST_LISTED
from desktop_app.services.enrich_games import enrich_import, take_back
from desktop_app.services.import_games import import_text
from desktop_app.services.watch import Watch

if TYPE_CHECKING:
    import pytest

    from desktop_app.domain.receipt import Receipt
    from desktop_app.domain.rows import BatchId
    from desktop_app.library.library import Library
    from desktop_app.services.changes import Changes

PLAIN = '[White "Anna"]\n[Black "Boris"]\n[Result "1-0"]\n\n1. e4 e5 2. Nf3 Nc6 1-0\n\n'
OTHER = '[White "Clara"]\n[Black "David"]\n[Result "0-1"]\n\n1. d4 d5 0-1\n\n'
NEW = '[White "Emil"]\n[Black "Frida"]\n[Result "0-1"]\n\n1. c4 c5 0-1\n\n'
RICH = (
    '[White "Anna"]\n[Black "Boris"]\n[Result "1-0"]\n[WhiteElo "2100"]\n\n'
    "1. e4 { [%clk 0:03:00] } 1... e5 { [%clk 0:02:59] Solid. } 2. Nf3 (2. f4) 2... Nc6 1-0\n\n"
)
SITE = '[Site "https://lichess.org/abcdefgh"]\n[White "Anna"]\n[Black "Boris"]\n[Result "1-0"]\n\n'
CUT = SITE + "1. e4 { good } 1... e5 2. Nf3\n"
WHOLE = SITE + "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 1-0\n"


def bring(library: Library, text: str) -> tuple[Receipt, BatchId]:
    """Import a text in this process."""
    receipt = import_text(library, text, workers=0)
    assert receipt.batch_id is not None
    return receipt, receipt.batch_id  # type: ignore[return-value]  # receipts hold plain numbers


def test_duplicates_are_listed_with_their_places(library: Library) -> None:
    """Each duplicate names the stored game it equals, and its number among the games of the file, rejected ones too."""
    bring(library, PLAIN + OTHER)
    _, batch = bring(library, NEW + '[Event "x"]\n\n1. Qh8 *\n\n' + OTHER + PLAIN + PLAIN)
    found = library.duplicates.listed(batch, limit=100)
    assert [(one.game_index, one.game_id, one.title) for one in found] == [
        (2, 2, "Clara - David"),
        (3, 1, "Anna - Boris"),
        (4, 1, "Anna - Boris"),
    ]
    assert not any(one.gains or one.enriched for one in found)
    assert library.duplicates.count_enrichable(batch) == 0


def test_a_richer_duplicate_is_offered_taken_over_and_given_back(library: Library) -> None:
    """Nothing changes by itself; enriching adds what the duplicate carries, undoing restores every byte."""
    bring(library, PLAIN + OTHER)
    before = library.games.get(1)
    receipt, batch = bring(library, RICH + OTHER)
    assert (receipt.imported, receipt.duplicates, receipt.enrichable) == (0, 2, 1)
    assert library.games.get(1) == before
    (rich, _) = library.duplicates.listed(batch, limit=9)
    assert rich.gains == {Gain.COMMENTS, Gain.CLOCKS, Gain.VARIATIONS, Gain.TAGS}
    report = enrich_import(library, batch)
    assert report.games == 1
    after = library.games.get(1)
    assert after.row.white_elo == 2100
    assert "Solid." in after.record.pgn
    assert after.record.moves == before.record.moves
    assert library.games.count(GameQuery()) == 2
    assert library.duplicates.count_enrichable(batch) == 0
    assert library.duplicates.listed(batch, limit=9)[0].enriched
    assert report.enrichment_id is not None
    assert take_back(library, report.enrichment_id).games == 1
    assert library.games.get(1) == before
    assert library.duplicates.count_enrichable(batch) == 1
    assert enrich_import(library, batch).games == 1
    assert library.games.get(1) == after


def test_undoing_an_import_takes_back_what_it_enriched(library: Library) -> None:
    """The new games go to the bin, the enriched ones are what they were; redoing brings the games back."""
    bring(library, PLAIN)
    before = library.games.get(1)
    _, batch = bring(library, NEW + RICH)
    enrich_import(library, batch)
    assert library.games.get(1) != before
    removed = undo_import(library, batch)
    assert removed.games == 1
    assert library.games.get(1) == before
    assert library.imports.get(batch).state is BatchState.UNDONE
    assert removed.entry_id is not None
    restore(library, removed.entry_id)
    assert library.games.count(GameQuery()) == 2
    assert enrich_import(library, batch).games == 1


def test_undoing_reaches_games_in_the_bin(library: Library) -> None:
    """An enriched game that was deleted comes back as it was before the import that is undone, and not richer."""
    bring(library, PLAIN + OTHER)
    before = library.games.get(1)
    _, batch = bring(library, NEW + RICH)
    enrich_import(library, batch)
    entry = delete_games(library, [GameId(1)]).entry_id
    assert entry is not None
    news: list[Changes] = []
    undo_import(library, batch, watch=Watch(on_changes=news.append))
    assert not any(1 in one.games for one in news)
    assert library.duplicates.enrichments(batch) == []
    restore(library, entry)
    assert library.games.get(1) == before
    assert library.duplicates.count_enrichable(batch) == 1


def test_undoing_gives_an_analysed_beginning_in_the_bin_its_end_back(library: Library) -> None:
    """The moves and evaluations behind the beginning go from the bin's tables too."""
    bring(library, CUT)
    key = _analyse(library, 4)
    before = library.games.get(1)
    _, batch = bring(library, WHOLE)
    _analyse(library, 7)
    (done,) = library.duplicates.enrichments(batch)
    entry = delete_games(library, [GameId(1)]).entry_id
    assert entry is not None
    assert take_back(library, done).games == 1
    restore(library, entry)
    assert library.games.get(1) == before
    assert library.evaluations.known_plies(GameId(1), key) == {0, 1, 2, 3}
    assert library.check() == []


def _analyse(library: Library, positions: int) -> AnalysisKey:
    """Give the first game a whole analysis of so many positions."""
    key = AnalysisKey(EngineIdentity("Fish", "abc"), SearchSpec(Profile.QUICK, 1000, reproducible=True))
    job = library.jobs.create([GameId(1)], engine_path="fish", spec=key.spec, workers=1)
    (item,) = library.jobs.items(job)
    found = Evaluation(Cp(10), depth=9, nodes=1000, best="e2e4", pv=("e2e4",), engine_ms=3)
    stored = tuple(StoredPosition(Ply(ply), found, None) for ply in range(positions))
    library.evaluations.store_chunk(ChunkToStore(item.id, GameId(1), key, stored, positions, None, "lichess"))
    return key


def test_two_duplicates_of_one_game(library: Library) -> None:
    """What several duplicates carry comes together in one game, and goes again as one."""
    bring(library, PLAIN)
    before = library.games.get(1)
    words = PLAIN.replace("2. Nf3", "{ Book. } 2. Nf3")
    receipt, batch = bring(library, words + RICH)
    assert receipt.enrichable == 1
    report = enrich_import(library, batch)
    assert report.games == 1
    assert "Book." in library.games.get(1).record.pgn
    assert "Solid." in library.games.get(1).record.pgn
    assert report.enrichment_id is not None
    take_back(library, report.enrichment_id)
    assert library.games.get(1) == before


def test_a_game_changed_since_is_not_taken_back(library: Library) -> None:
    """Undoing leaves a game alone that was enriched again by another import."""
    bring(library, PLAIN)
    _, first = bring(library, PLAIN.replace("2. Nf3", "{ Book. } 2. Nf3"))
    report = enrich_import(library, first)
    _, second = bring(library, RICH)
    enrich_import(library, second)
    both = library.games.get(1)
    assert report.enrichment_id is not None
    done = take_back(library, report.enrichment_id)
    assert (done.games, done.stayed) == (0, 1)
    assert library.games.get(1) == both


def test_the_whole_game_takes_the_place_of_its_beginning(library: Library) -> None:
    """A game cut between two moves is marked; when the whole comes it gets its moves, and keeps what was said."""
    bring(library, CUT)
    beginning = library.games.get(1)
    assert beginning.row.partial == "ply 4: the text ends without a result"
    receipt, batch = bring(library, WHOLE)
    assert (receipt.imported, receipt.duplicates) == (0, 1)
    whole = library.games.get(1)
    assert (whole.row.ply_count, whole.row.partial) == (6, None)
    assert "good" in whole.record.pgn
    assert receipt.enrichable == 0
    (done,) = library.duplicates.enrichments(batch)
    take_back(library, done)
    assert library.games.get(1) == beginning


def test_an_analysis_of_the_beginning_is_not_passed_off_as_one_of_the_whole(library: Library) -> None:
    """With its tail the game is unanalysed again, its known positions kept; without it, analysed as it was."""
    bring(library, CUT)
    key = _analyse(library, 4)
    before = library.games.get(1)
    assert before.row.state is GameState.ANALYSED
    _, batch = bring(library, WHOLE)
    whole = library.games.get(1)
    assert (whole.row.state, whole.row.ply_count) == (GameState.UNANALYSED, 6)
    assert library.evaluations.known_plies(GameId(1), key) == {0, 1, 2, 3}
    assert not library.evaluations.analysed_games([GameId(1)], key)
    take_back(library, library.duplicates.enrichments(batch)[0])
    assert library.games.get(1) == before
    assert library.evaluations.analysed_games([GameId(1)], key)


def test_a_game_put_into_the_queue_at_the_same_moment_keeps_its_moves(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine would else call the beginning the whole; when it is done, enriching is offered as before."""
    bring(library, CUT)
    look = library.jobs.live_games

    def looks_a_moment_too_soon() -> frozenset[GameId]:
        found = look()
        spec = SearchSpec(Profile.QUICK, 1000, reproducible=True)
        library.jobs.create([GameId(1)], engine_path="fish", spec=spec, workers=1)
        return found

    monkeypatch.setattr(library.jobs, "live_games", looks_a_moment_too_soon)
    _, batch = bring(library, WHOLE)
    row = library.games.get(1).row
    assert (row.ply_count, row.state) == (3, GameState.QUEUED)
    assert library.duplicates.count_enrichable(batch) == 1


def test_the_same_file_again_costs_no_unpacking(library: Library) -> None:
    """Of a file imported again only the first thousands of duplicates are listed; all are counted."""
    text = "".join(PLAIN.replace("Anna", f"Anna {number}") for number in range(30))
    bring(library, text)
    receipt, batch = bring(library, text)
    assert (receipt.duplicates, receipt.enrichable) == (30, 0)
    assert len(library.duplicates.listed(batch, limit=MOST_LISTED)) == 30


def test_emptying_the_bin_leaves_no_text_behind(library: Library) -> None:
    """What enriching remembered of a game, and what duplicates offered it, goes with the game."""
    bring(library, PLAIN)
    _, batch = bring(library, RICH)
    _, other = bring(library, RICH.replace("Solid.", "Quite solid."))
    assert enrich_import(library, batch).games == 1
    delete_games(library, library.games.ids(GameQuery()))
    empty_bin(library)
    with library.database.read() as connection:
        assert connection.execute(select(enriched_game)).all() == []
        assert connection.execute(select(import_duplicate.c.pgn)).scalars().all() == [None, None]
    assert len(library.duplicates.listed(other, limit=9)) == 1
