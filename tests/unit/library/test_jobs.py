"""Jobs: who owns them, what a dead process leaves behind, and what each step does to the games."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest

from desktop_app.domain.evaluation import Cp, EngineIdentity, Evaluation, Mate, Over
from desktop_app.domain.game import GameId, GameState, Ply, PositionKey
from desktop_app.domain.profile import AnalysisKey, Profile, SearchSpec
from desktop_app.domain.work import ItemState, JobState, Owner
from desktop_app.errors import JobOwnedElsewhereError, NotFoundError
from desktop_app.library.evaluations import ChunkToStore, StoredPosition
from desktop_app.library.owners import is_alive, is_same, this_owner
from tests.unit.library.records import make_record, make_records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.work import JobId
    from desktop_app.library.jobs import StoredItem
    from desktop_app.library.library import Library

ENGINE = EngineIdentity("Fake", "0000", (("Hash", "16"),))
NODES = SearchSpec.of_nodes(1000)
KEY = AnalysisKey(ENGINE, NODES)
DEAD = Owner(this_owner().host, 2**22 + 1, 1.0)


def add(library: Library, count: int = 3) -> list[GameId]:
    """Store some games of six plies."""
    return list(library.games.add(None, make_records(count)).imported)


def create(library: Library, games: Sequence[GameId]) -> JobId:
    """A queued job."""
    return library.jobs.create(games, engine_path="/fake", spec=NODES, workers=2)


def states(library: Library, games: Sequence[GameId]) -> list[GameState]:
    """States of these games."""
    return [row.state for row in library.games.rows(games)]


def chunk(item: StoredItem, plies: Sequence[int], key: AnalysisKey = KEY) -> ChunkToStore:
    """Evaluations of these plies, ready to be stored."""
    positions = tuple(
        StoredPosition(Ply(ply), Evaluation(Cp(ply), 9, 1000, "e2e4", ("e2e4",), 3), PositionKey(1000 + ply))
        for ply in plies
    )
    return ChunkToStore(item.id, item.game_id, key, positions, 7, None, "lichess")


@pytest.fixture
def living() -> Owner:
    """Another process that lives: the one that runs this one."""
    parent = psutil.Process(os.getppid())
    me = this_owner()
    shift = psutil.Process().create_time() - me.started
    return Owner(me.host, parent.pid, parent.create_time() - shift)


def test_this_process_is_alive_and_a_finished_one_is_not() -> None:
    """A process is known by its id and its start: a later one with the same id is another."""
    me = this_owner()
    assert is_alive(me)
    assert is_same(me, this_owner())
    assert not is_alive(replace(me, started=me.started - 100))
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
        assert not is_alive(Owner(me.host, child.pid, me.started))
    assert not is_alive(replace(me, host="the old name of this machine"))
    assert is_alive(replace(me, host="another machine of the club"), many_hosts=True)


def test_a_new_job_queues_its_games_in_order(library: Library) -> None:
    """Games not analysed yet are queued; repetitions and unknown ids are left out; order is the user's."""
    games = add(library)
    job_id = create(library, [games[2], games[0], games[2], GameId(999)])
    assert [item.game_id for item in library.jobs.items(job_id)] == [games[2], games[0]]
    assert states(library, games) == [GameState.QUEUED, GameState.UNANALYSED, GameState.QUEUED]
    assert library.jobs.get(job_id).state is JobState.QUEUED
    with pytest.raises(NotFoundError):
        library.jobs.get(job_id + 1)  # type: ignore[arg-type]  # an id nobody has


def test_a_living_owner_is_respected(library: Library, living: Owner) -> None:
    """Its jobs cannot be claimed, nor others beside them, and the error names it."""
    games = add(library)
    mine, theirs = create(library, games[:1]), create(library, games[1:])
    library.jobs.claim(theirs, living)
    assert [job.id for job in library.jobs.recover(this_owner())] == [theirs]
    for job_id in (mine, theirs):
        with pytest.raises(JobOwnedElsewhereError, match=str(living.pid)):
            library.jobs.claim(job_id, this_owner())


def test_a_dead_owners_items_are_queued_again(library: Library) -> None:
    """What a killed process ran is queued; what it had stored stays."""
    games = add(library)
    job_id = create(library, games)
    library.jobs.claim(job_id, DEAD)
    first = library.jobs.items(job_id)[0]
    assert not library.evaluations.store_chunk(chunk(first, [6, 5]))
    assert states(library, games)[0] is GameState.IN_PROGRESS
    assert library.jobs.recover(this_owner()) == []
    assert states(library, games) == [GameState.QUEUED] * 3
    item = library.jobs.items(job_id)[0]
    assert (item.state, item.plies_done) == (ItemState.QUEUED, 2)
    assert library.evaluations.known_plies(games[0], KEY) == {5, 6}
    library.jobs.claim(job_id, this_owner())
    assert library.jobs.get(job_id).owner is not None


def test_the_last_chunk_completes_item_and_game(library: Library) -> None:
    """A game is analysed exactly when every position is stored, in any order; storing twice changes nothing."""
    [game] = add(library, 1)
    [item] = library.jobs.items(create(library, [game]))
    assert not library.evaluations.store_chunk(chunk(item, [6, 5, 4]))
    assert not library.evaluations.store_chunk(chunk(item, [6, 5, 4]))
    assert not library.evaluations.store_chunk(chunk(item, [2, 1, 0]))
    assert states(library, [game]) == [GameState.IN_PROGRESS]
    assert library.games.rows([game])[0].evaluated == 6
    assert library.evaluations.store_chunk(chunk(item, [3]))
    assert states(library, [game]) == [GameState.ANALYSED]
    found = library.evaluations.of_game(game)
    assert found is not None
    assert found.complete
    assert list(found.evaluations) == list(range(7))
    assert library.evaluations.analysed_games([game], KEY) == {game}


def test_evaluations_come_back_as_they_went(library: Library) -> None:
    """Scores of every kind, moves and lines survive storage."""
    [game] = add(library, 1)
    [item] = library.jobs.items(create(library, [game]))
    scores = (Cp(-31), Mate(-4), Over(None), Over(winner=True), Over(winner=False), Mate(2), Cp(0))
    evaluations = [Evaluation(score, 20, 5, None, ("e2e4", "e7e8q"), 7) for score in scores]
    positions = tuple(StoredPosition(Ply(ply), found, None) for ply, found in enumerate(evaluations))
    library.evaluations.store_chunk(replace(chunk(item, []), positions=positions))
    found = library.evaluations.of_game(game)
    assert found is not None
    assert list(found.evaluations.values()) == evaluations
    assert (found.engine, found.spec) == (ENGINE, NODES)


def test_only_equal_engines_and_enough_nodes_are_reused(library: Library) -> None:
    """A position is shared by key, engine, options and depth, never otherwise."""
    [game] = add(library, 1)
    [item] = library.jobs.items(create(library, [game]))
    library.evaluations.store_chunk(chunk(item, [3]))
    keys = [PositionKey(1003), PositionKey(1004)]
    assert list(library.evaluations.reusable(keys, ENGINE, 1000)) == [1003]
    assert library.evaluations.reusable(keys, ENGINE, 1001) == {}
    assert library.evaluations.reusable(keys, replace(ENGINE, build="0001"), 1000) == {}
    assert library.evaluations.reusable(keys, replace(ENGINE, options=(("Hash", "64"),)), 1000) == {}


def test_a_failed_item_fails_its_game_unless_it_was_analysed(library: Library) -> None:
    """A reason is kept, figures are cleared; an analysed game stays as it was."""
    games = add(library, 2)
    first, second = library.jobs.items(create(library, games))
    library.evaluations.store_chunk(chunk(second, range(7)))
    library.jobs.fail_item(first.id, attempts=2, error="it crashed")
    library.jobs.fail_item(second.id, attempts=2, error="it crashed")
    assert states(library, games) == [GameState.FAILED, GameState.ANALYSED]
    assert library.games.rows(games)[0].error == "it crashed"


def test_cancelled_games_are_unanalysed_unless_another_job_wants_them(library: Library) -> None:
    """Nothing stays queued for nobody."""
    games = add(library, 2)
    first, second = create(library, games), create(library, games[1:])
    assert library.jobs.cancel_items(first) == games
    assert states(library, games) == [GameState.UNANALYSED, GameState.QUEUED]
    assert [item.state for item in library.jobs.items(first)] == [ItemState.CANCELLED] * 2
    library.jobs.cancel_items(second)
    assert states(library, games) == [GameState.UNANALYSED] * 2


def test_a_skipped_game_keeps_its_reason(library: Library) -> None:
    """It is unanalysed, and says why."""
    [game] = list(library.games.add(None, [make_record()]).imported)
    [item] = library.jobs.items(create(library, [game]))
    library.jobs.skip_item(item.id, "the start position is impossible")
    row = library.games.rows([game])[0]
    assert (row.state, row.not_judged) == (GameState.UNANALYSED, "the start position is impossible")


def test_order_and_retry(library: Library) -> None:
    """Items can be put first, and failed ones queued again with fresh attempts."""
    games = add(library, 4)
    job_id = create(library, games)
    items = library.jobs.items(job_id)
    library.jobs.reorder(job_id, [items[3].id, items[1].id])
    assert [item.game_id for item in library.jobs.items(job_id)] == [games[3], games[1], games[0], games[2]]
    library.jobs.fail_item(items[0].id, attempts=2, error="it crashed")
    assert library.jobs.retry_failed(job_id) == [games[0]]
    retried = next(item for item in library.jobs.items(job_id) if item.game_id == games[0])
    assert (retried.state, retried.attempts, retried.error) == (ItemState.QUEUED, 0, "")
    assert states(library, [games[0]]) == [GameState.QUEUED]


def test_a_spec_of_a_job_survives(library: Library) -> None:
    """Profile, nodes and mode are what was asked for."""
    spec = SearchSpec.of_profile(Profile.DEEP)
    job_id = library.jobs.create(add(library, 1), engine_path="/e", spec=spec, workers=3)
    found = library.jobs.get(job_id)
    assert (found.spec, found.workers, found.engine_path, found.items) == (spec, 3, "/e", 1)
