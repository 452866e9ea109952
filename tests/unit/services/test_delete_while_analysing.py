"""Deleting games that this process analyses: they leave the queue, the rest of the job goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.game import GameState
from desktop_app.domain.work import ItemState, JobState
from desktop_app.services.bin_games import delete_games, restore
from tests.unit.services.batches import add_games

if TYPE_CHECKING:
    from tests.unit.services.batches import Bench


def test_games_of_the_running_job_can_go(bench: Bench) -> None:
    """The game under way and queued ones are deleted; the job ends with the others, what came back is unanalysed."""
    games = add_games(bench.library, 5)
    bench.engines.gate.clear()
    bench.start(games, workers=1)
    bench.wait(lambda: any(row.game_id == games[0] for row in bench.batch.snapshot().worker_rows))
    removed = delete_games(bench.library, [games[0], games[2], games[3]], let_go=bench.batch.remove_games)
    assert removed.games == 3
    bench.engines.gate.set()
    bench.wait_for_state(JobState.DONE)
    assert sorted(bench.ended(ItemState.DONE)) == [games[1], games[4]]
    assert removed.entry_id is not None
    restore(bench.library, removed.entry_id)
    assert bench.states([games[0], games[2], games[3]]) == [GameState.UNANALYSED] * 3
    assert bench.states([games[1], games[4]]) == [GameState.ANALYSED] * 2
    assert bench.library.check() == []
