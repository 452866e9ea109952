"""Whatever the user does to a running batch, in whatever order: in the end every game is analysed, nothing twice."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop_app.domain.game import GameState
from desktop_app.domain.work import JobState
from desktop_app.library.library import Library
from tests.unit.services.batches import Bench, add_games

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.game import GameId

GAMES = 4
PLIES = 19
POSITIONS = GAMES * (PLIES + 1)

COMMANDS: dict[str, Callable[[Bench, list[GameId]], object]] = {
    "pause": lambda bench, _games: bench.batch.pause(),
    "go on": lambda bench, _games: bench.batch.resume_running(),
    "one worker": lambda bench, _games: bench.batch.set_workers(1),
    "three workers": lambda bench, _games: bench.batch.set_workers(3),
    "last first": lambda bench, games: bench.batch.move_to_front(games[-1]),
    "reverse": lambda bench, games: bench.batch.reorder(games[::-1]),
    "retry": lambda bench, _games: bench.batch.retry_failed(),
    "look": lambda bench, _games: bench.batch.snapshot(),
    "let some time pass": lambda bench, _games: bench.wait_for_positions(3),
}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from([*COMMANDS, "restart"]), max_size=8))
def test_no_command_loses_or_repeats_anything(commands: list[str]) -> None:
    """Pauses, other numbers of workers, other orders and restarts change neither what is stored nor how often."""
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "games.kibitz") as library:
        games = add_games(library, GAMES, plies=PLIES)
        bench = Bench(library)
        bench.start(games)
        restarts = 0
        try:
            for command in commands:
                if command == "restart":
                    bench.close()
                    restarts += 1
                    bench = Bench(library, bench.engines)
                    bench.batch.resume_unfinished()
                else:
                    COMMANDS[command](bench, games)
                bench.hire()
            bench.batch.resume_running()
            bench.hire()
            bench.wait(lambda: bench.batch.snapshot().state in {JobState.DONE, None})
        finally:
            bench.close()
        assert bench.states(games) == [GameState.ANALYSED] * GAMES
        searches = Counter(bench.engines.searched)
        # Warm-up searches repeat a position once for each chunk after the first; a restart loses a chunk a worker.
        warmups = GAMES * (PLIES // 8) + restarts * 3
        assert sum(searches.values()) <= POSITIONS + warmups + restarts * 3 * 8
        if not restarts:
            assert sum(searches.values()) == POSITIONS + GAMES * 2
