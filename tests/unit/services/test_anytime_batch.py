"""Anytime batches: every game gets a first look before any is looked at closer; nothing is searched twice, or lost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from desktop_app.analysis.anytime import POLICIES
from desktop_app.domain.batch import Stage, WorkerState
from desktop_app.domain.evaluation import Cp, Evaluation
from desktop_app.domain.game import GameId, GameState, Ply
from desktop_app.domain.judgement import LICHESS
from desktop_app.domain.profile import CHUNK_POSITIONS, AnalysisKey, Profile, SearchSpec
from desktop_app.domain.work import ItemState, JobState
from desktop_app.library.evaluations import ChunkToStore, StoredPosition
from desktop_app.services.analyse_games import plan_cost
from desktop_app.services.game_work import main_line
from desktop_app.services.show_game import show_game
from desktop_app.services.show_json import to_json
from tests.fakes.fake_evaluator import FAKE_ENGINE, FakeEngines
from tests.unit.library.records import make_record
from tests.unit.services.batches import SHARING, Bench, add_games, store

if TYPE_CHECKING:
    from desktop_app.domain.batch import PositionNews
    from desktop_app.library.library import Library

THIN = POLICIES[Profile.QUICK].thin_nodes
KEY = AnalysisKey(FAKE_ENGINE, SHARING)
LINE = ("e2e4", "e7e5", "g1f3", "b8c6", "f1b5", "a7a6")


def searched(bench: Bench) -> list[PositionNews]:
    """News of searches, in the order in which they were told."""
    return [news for news in bench.positions if news.worker >= 0]


def closer(bench: Bench) -> list[PositionNews]:
    """News of searches beyond the first look."""
    return [news for news in searched(bench) if news.stage is Stage.CLOSER]


def test_every_game_gets_its_first_look_before_any_is_looked_at_closer(bench: Bench) -> None:
    """With several workers, too: the last first look is told before the first closer one."""
    games = add_games(bench.library, 6)
    bench.run(games, SHARING, workers=3)
    stages = [news.stage for news in searched(bench)]
    assert Stage.CLOSER in stages
    assert stages.index(Stage.CLOSER) == len(stages) - len(closer(bench))
    assert {news.evaluation.nodes for news in searched(bench) if news.stage is Stage.FIRST_LOOK} == {THIN}
    assert bench.states(games) == [GameState.ANALYSED] * 6
    assert sorted(news.game_id for news in bench.items if news.looked) == sorted(games)
    assert not bench.engines.repeated()


def test_a_game_with_a_first_look_shows_provisional_verdicts(bench: Bench) -> None:
    """It is in progress with figures and judged moves; settled, its moves say so and how sure they are."""
    games = add_games(bench.library, 3)
    bench.engines.faults = lambda _fen: bool(closer(bench)) and bench.engines.gate.clear() is not None
    bench.start(games, SHARING, workers=1)
    bench.wait(lambda: bool(closer(bench)))
    first = bench.library.games.rows(games)[0]
    view = to_json(show_game(bench.library, games[0]))
    assert (first.state, first.evaluated, first.provisional) == (GameState.IN_PROGRESS, 21, True)
    assert view["analysis"]["provisional"]
    assert all(ply["confidence"] is not None for ply in view["plies"])
    assert not all(ply["settled"] for ply in view["plies"])
    bench.engines.faults = lambda _fen: False
    bench.engines.gate.set()
    bench.wait_for_state(JobState.DONE)
    view = to_json(show_game(bench.library, games[0]))
    assert not view["analysis"]["provisional"]
    assert all(ply["settled"] and 0 <= ply["confidence"] <= 1 for ply in view["plies"])
    assert any(ply["nodes_spent"] > ply["nodes"] > THIN for ply in view["plies"])
    assert {ply["doubt"] is None for ply in view["plies"]} <= {True, False}


def test_passes_are_stored_with_the_evaluation(bench: Bench) -> None:
    """What earlier searches said stays beside what the deepest said, shallowest first."""
    [game] = add_games(bench.library, 1)
    bench.run([game], SHARING, workers=1)
    stored = bench.library.evaluations.of_game(game)
    assert stored is not None
    assert stored.complete
    deep = [found for found in stored.evaluations.values() if found.passes]
    assert deep
    assert all([one.nodes for one in found.passes] == [THIN] for found in deep)
    assert all(stored.asked[ply] == found.nodes for ply, found in stored.evaluations.items())
    assert bench.batch.counters().nodes == sum(found.nodes_spent for found in stored.evaluations.values())


def test_the_game_that_is_looked_at_is_searched_to_its_end_first(bench: Bench) -> None:
    """Moved to the front it gets first and closer looks by all workers, before the others have their first."""
    games = add_games(bench.library, 8)
    bench.engines.gate.clear()
    bench.start(games, SHARING, workers=2)
    bench.wait(lambda: len(bench.batch.snapshot().worker_rows) == 2)
    assert bench.batch.move_to_front(games[7])
    bench.engines.gate.set()
    bench.wait_for_state(JobState.DONE)
    assert bench.ended(ItemState.DONE)[0] == games[7]
    order = [news.game_id for news in searched(bench)]
    first_look = {
        news.game_id for news in searched(bench)[: max(i for i, game in enumerate(order) if game == games[7])]
    }
    assert games[6] not in first_look


def test_a_single_game_is_shared_by_all_workers_from_its_first_look_on(bench: Bench) -> None:
    """Twenty moves would be three chunks; six workers get one each, and the result is as whole as ever."""
    [game] = add_games(bench.library, 1)
    bench.engines.gate.clear()
    bench.start([game], SHARING, workers=6)
    bench.wait(lambda: sum(row.state is WorkerState.SEARCHING for row in bench.batch.snapshot().worker_rows) == 6)
    bench.engines.gate.set()
    bench.wait_for_state(JobState.DONE)
    assert bench.states([game]) == [GameState.ANALYSED]
    assert not bench.engines.repeated()


def test_a_position_in_two_games_at_once_is_searched_once(bench: Bench) -> None:
    """Two workers begin two games with the same moves at the same moment: what one searches the other waits for."""
    games = store(bench.library, [make_record(*LINE, White="A"), make_record(*LINE, White="B")])
    bench.engines.gate.clear()
    bench.start(games, SHARING, workers=2)
    bench.wait(lambda: bench.batch.snapshot().items_running >= 1)
    bench.engines.gate.set()
    bench.wait_for_state(JobState.DONE)
    assert not bench.engines.repeated()
    assert bench.states(games) == [GameState.ANALYSED] * 2
    counters = bench.batch.counters()
    assert (counters.positions, counters.positions_reused) == (14, 7)
    first, second = (bench.library.evaluations.of_game(game) for game in games)
    assert first is not None
    assert second is not None
    assert {ply: found.score for ply, found in first.evaluations.items()} == {
        ply: found.score for ply, found in second.evaluations.items()
    }


def test_many_equal_games_on_many_workers_search_nothing_twice(bench: Bench) -> None:
    """Whatever the order in which workers come: each position once at each depth."""
    records = [make_record(*LINE[: 3 + number % 4], White=f"W{number}") for number in range(12)]
    games = store(bench.library, records)
    bench.run(games, SHARING, workers=4)
    assert not bench.engines.repeated()
    assert bench.states(games) == [GameState.ANALYSED] * 12


def test_a_repeated_position_is_searched_with_its_history(bench: Bench) -> None:
    """Within one game a position that comes back may be a draw: it is no position to share."""
    shuffle = ("g1f3", "g8f6", "f3g1", "f6g8", "e2e4")
    [game] = store(bench.library, [make_record(*shuffle)])
    line = main_line(bench.library.jobs.line(game))
    assert line.keys[0] is not None
    assert line.keys[4] is None
    bench.run([game], SHARING, workers=1)
    thin = [news.ply for news in searched(bench) if news.stage is Stage.FIRST_LOOK]
    assert sorted(thin) == [0, 1, 2, 3, 4, 5]


def test_deeper_evaluations_of_another_profile_serve_smaller_wants(bench: Bench) -> None:
    """A game analysed deeper before costs the smaller profile nothing."""
    games = add_games(bench.library, 2)
    bench.run(games, SearchSpec.of_profile(Profile.DEEP))
    before = len(bench.engines.searched)
    bench.run(games, SHARING)
    assert len(bench.engines.searched) == before
    counters = bench.batch.counters()
    assert (counters.positions, counters.positions_reused, counters.searches) == (42, 42, 0)


def test_an_old_fixed_analysis_is_shown_and_taken_as_evidence(bench: Bench) -> None:
    """What version 0.3 called standard stays what it is, and none of it is searched again."""
    [game] = store(bench.library, [make_record(*LINE)])
    old = AnalysisKey(FAKE_ENGINE, SearchSpec(Profile.STANDARD, 250_000, reproducible=False))
    job = bench.library.jobs.create([game], engine_path="/fake", spec=old.spec, workers=1)
    [item] = bench.library.jobs.items(job)
    line = main_line(bench.library.jobs.line(game))
    positions = tuple(
        StoredPosition(Ply(ply), Evaluation(Cp(20), 20, 250_010, "a2a3", ("a2a3",)), line.keys[ply]) for ply in range(7)
    )
    bench.library.evaluations.store_chunk(
        ChunkToStore(item.id, game, old, positions, positions_total=7, summary=None, grading=LICHESS.stamp)
    )
    bench.library.jobs.set_state(job, JobState.DONE)
    shown = bench.library.evaluations.of_game(game)
    assert shown is not None
    assert (shown.complete, shown.spec) == (True, old.spec)
    assert not to_json(show_game(bench.library, game))["analysis"]["provisional"]
    bench.run([game], SHARING, workers=1)
    assert not bench.engines.searched
    shown = bench.library.evaluations.of_game(game)
    assert shown is not None
    assert (shown.complete, shown.spec) == (True, SHARING)


def stop_in(library: Library, games: list[GameId], stage: Stage) -> Bench:
    """A batch that was closed in the middle of a stage."""
    bench = Bench(library)
    bench.start(games, SHARING)
    bench.wait(lambda: sum(news.stage is stage for news in searched(bench)) >= 9)
    bench.close()
    return bench


def finish(library: Library, games: list[GameId]) -> Bench:
    """Go on where a batch was closed."""
    bench = Bench(library)
    assert bench.batch.resume_unfinished() >= 1
    bench.hire()
    bench.wait_for_state(JobState.DONE)
    bench.close()
    assert bench.states(games) == [GameState.ANALYSED] * len(games)
    return bench


def test_a_restart_goes_on_in_either_stage(library: Library) -> None:
    """At most the chunk of each worker is searched again, and every game is settled at the end."""
    games = add_games(library, 5)
    first = stop_in(library, games, Stage.FIRST_LOOK)
    second = stop_again(library, first)
    third = finish(library, games)
    searches = Counter(search for bench in (first, second, third) for search in bench.engines.limits)
    again = sum(times - 1 for times in searches.values())
    assert again <= 2 * 2 * CHUNK_POSITIONS
    stored = [library.evaluations.of_key(game, KEY) for game in games]
    assert all(one is not None and one.complete for one in stored)


def stop_again(library: Library, before: Bench) -> Bench:
    """Go on after `before` and stop in the closer looks."""
    bench = Bench(library)
    assert bench.batch.resume_unfinished() >= 1
    bench.hire()
    bench.wait(lambda: len(closer(bench)) >= 5)
    bench.close()
    assert before.batch.counters().nodes > 0
    return bench


def test_games_leave_memory_between_the_stages(library: Library) -> None:
    """More games than are kept: those with a first look are read again when their turn comes; nothing else changes."""
    bench = Bench(library)
    games = add_games(library, 7)
    bench.engines.gate.clear()
    bench.start(games, SHARING, workers=2)
    run = bench.batch._run
    assert run is not None
    run.kept_works = 1
    bench.engines.gate.set()
    bench.wait_for_state(JobState.DONE)
    bench.close()
    assert bench.states(games) == [GameState.ANALYSED] * 7
    assert not bench.engines.repeated()
    stages = [news.stage for news in searched(bench)]
    assert stages.index(Stage.CLOSER) == len(stages) - len(closer(bench))


def test_cancelling_keeps_first_looks_and_their_figures(bench: Bench) -> None:
    """Games whose first look is whole stay with provisional figures; nobody waits for them any more."""
    games = add_games(bench.library, 4)
    bench.start(games, SHARING, workers=1)
    bench.wait(lambda: len(closer(bench)) >= 1)
    bench.batch.cancel()
    bench.wait(lambda: not bench.batch.snapshot().worker_rows)
    rows = bench.library.games.rows(games)
    assert {row.state for row in rows} <= {GameState.UNANALYSED, GameState.ANALYSED}
    assert all(row.white_inaccuracies is not None and row.looked for row in rows)
    assert any(row.provisional for row in rows)


def test_progress_never_goes_back_and_names_the_stage(bench: Bench) -> None:
    """The bar counts nodes over both stages, and ends at one."""
    games = add_games(bench.library, 5)
    seen: list[tuple[float, Stage | None]] = []
    bench.start(games, SHARING)

    def ended() -> bool:
        snapshot = bench.batch.snapshot()
        seen.append((snapshot.progress, snapshot.stage))
        return snapshot.state is JobState.DONE

    bench.wait(ended)
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert seen[-1][1] is Stage.CLOSER


@pytest.mark.expects_log
def test_a_fault_in_a_closer_look_is_tried_again(library: Library) -> None:
    """A crash while looking closer costs one retry; the first look stays."""
    crashed: list[str] = []
    bench = Bench(library, FakeEngines())

    def once(fen: str) -> bool:
        if crashed or not closer(bench):
            return False
        crashed.append(fen)
        return True

    bench.engines.faults = once
    games = add_games(library, 2)
    bench.run(games, SHARING, workers=1)
    assert crashed
    assert bench.states(games) == [GameState.ANALYSED] * 2
    bench.close()


def test_the_cost_of_a_profile_is_what_it_takes_on_average(bench: Bench) -> None:
    """The estimate says the nodes a position, and deeper profiles take longer."""
    games = add_games(bench.library, 2)
    quick, deep = (
        plan_cost(bench.library, games, SearchSpec.of_profile(profile), FAKE_ENGINE, workers=1)
        for profile in (Profile.QUICK, Profile.DEEP)
    )
    assert quick.nodes_each < deep.nodes_each
    assert quick.seconds < deep.seconds
