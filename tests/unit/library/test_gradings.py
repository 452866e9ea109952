"""Judging a library again: from stored evaluations alone, all of it, and again after anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_app.domain.evaluation import Cp, Evaluation
from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.judgement import GRADINGS, LICHESS, RULES_VERSION, STRICT_20, OwnThresholds
from desktop_app.domain.moves import unpack_moves
from desktop_app.domain.profile import AnalysisKey, SearchSpec
from desktop_app.errors import CancelledError
from desktop_app.library.evaluations import ChunkToStore, StoredPosition
from desktop_app.services import rejudge_games as service
from desktop_app.services.rejudge_games import rejudge_games
from desktop_app.services.show_game import show_game
from tests.fakes.fake_evaluator import FAKE_ENGINE
from tests.unit.library.records import make_records

if TYPE_CHECKING:
    from desktop_app.library.library import Library

KEY = AnalysisKey(FAKE_ENGINE, SearchSpec.of_nodes(1000))
SWINGS = (15, 15, -60, -60, 130, -50, -50)


def analysed(library: Library, games: int) -> list[GameId]:
    """Games of six plies with the same swings; no move is the engine's choice."""
    library.games.add(library.imports.begin("test"), make_records(games))
    ids = sorted(library.games.ids(GameQuery()))
    job = library.jobs.create(ids, engine_path="/fake", spec=KEY.spec, workers=1)
    for item in library.jobs.items(job):
        plies = len(unpack_moves(library.games.get(item.game_id).record.moves))
        stored = tuple(
            StoredPosition(Ply(ply), Evaluation(Cp(SWINGS[ply]), 1, 1, "a1a1", ()), None) for ply in range(plies + 1)
        )
        library.evaluations.store_chunk(
            ChunkToStore(item.id, item.game_id, KEY, stored, len(stored), summary=None, grading="older")
        )
    return ids


class Stop:
    """A token that stops after so many questions."""

    def __init__(self, after: int) -> None:
        self.left = after

    def cancelled(self) -> bool:
        """One question more."""
        self.left -= 1
        return self.left < 0


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three games a segment."""
    monkeypatch.setattr(service, "SEGMENT_GAMES", 3)


@pytest.mark.usefixtures("few_at_once")
def test_all_games_are_judged_by_the_grading_chosen(library: Library) -> None:
    """Lists, filters and the game itself say the same afterwards; a second time there is nothing to do."""
    ids = analysed(library, 8)
    heard: list[frozenset[GameId]] = []
    done = rejudge_games(library, LICHESS, stored=heard.append)
    assert (done.grading, done.games, done.regraded, done.left) == ("lichess", 8, 8, 0)
    assert frozenset().union(*heard) == frozenset(ids)
    assert library.gradings.counts() == {("lichess", RULES_VERSION): 8}
    for grading in (STRICT_20, OwnThresholds("mine", 1, 2, 3).grading, LICHESS):
        assert rejudge_games(library, grading).regraded == 8
        row, view = library.games.rows([ids[0]])[0], show_game(library, ids[0], grading=grading)
        assert view.summary is not None
        assert row.white_blunders == view.summary.white.blunders
        assert row.black_mistakes == view.summary.black.mistakes
        assert row.white_accuracy == pytest.approx(view.summary.white.accuracy)
        found = library.games.count(GameQuery(parse_filter(f"white_blunders={view.summary.white.blunders}")))
        assert found == 8
    assert rejudge_games(library, LICHESS).regraded == 0


@pytest.mark.usefixtures("few_at_once")
def test_it_goes_on_where_it_was_stopped(library: Library) -> None:
    """What was stored stays and is stamped; games judged otherwise are known until they are done."""
    analysed(library, 8)
    with pytest.raises(CancelledError):
        rejudge_games(library, STRICT_20, cancel=Stop(2))
    left = library.gradings.stale(STRICT_20)
    assert 0 < left < 8
    done = rejudge_games(library, STRICT_20)
    assert (done.games, done.regraded, library.gradings.stale(STRICT_20)) == (left, left, 0)


def test_a_game_whose_analysis_goes_on_meanwhile_is_left_to_it(library: Library) -> None:
    """What was read before newer evaluations were stored never replaces what they say."""
    ids = analysed(library, 2)
    read = library.gradings.stale_games(LICHESS, after=0, limit=10)
    job = library.jobs.create(ids[:1], engine_path="/fake", spec=KEY.spec, workers=1)
    (item,) = library.jobs.items(job)
    again = (StoredPosition(Ply(1), Evaluation(Cp(99), 1, 2, "a1a1", ()), None),)
    library.evaluations.store_chunk(ChunkToStore(item.id, ids[0], KEY, again, 7, summary=None, grading="newest"))
    assert library.gradings.store(LICHESS, read, dict.fromkeys(ids)) == 1
    assert library.gradings.counts() == {("newest", RULES_VERSION): 1, ("lichess", RULES_VERSION): 1}


def test_processes_of_their_own_say_the_same(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is much to do, judging happens beside; the outcome does not depend on it."""
    analysed(library, 5)
    monkeypatch.setattr(service, "FEW_GAMES", 2)
    monkeypatch.setattr(service, "SEGMENT_GAMES", 2)
    rejudge_games(library, GRADINGS["lichess_exact"], workers=2)
    apart = [library.games.rows([game])[0] for game in library.games.ids(GameQuery(sort="id"))]
    rejudge_games(library, LICHESS)
    rejudge_games(library, GRADINGS["lichess_exact"])
    assert [library.games.rows([game])[0] for game in library.games.ids(GameQuery(sort="id"))] == apart


def test_an_empty_library_has_nothing_to_judge(library: Library) -> None:
    """No games, no progress, no processes."""
    assert rejudge_games(library, LICHESS).games == 0
