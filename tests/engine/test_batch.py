"""Headless batches with a real Stockfish: the same evaluations whatever the workers, whatever happens to engines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from desktop_app.domain.batch import BatchCounters, PositionNews
from desktop_app.domain.filters import GameQuery
from desktop_app.domain.game import GameId, GameState
from desktop_app.domain.profile import SearchSpec
from desktop_app.engine.discovery import identify
from desktop_app.library.library import Library
from desktop_app.services.analyse_headless import BatchEvent, run_headless
from desktop_app.services.game_work import engine_with
from desktop_app.services.import_games import import_sources
from desktop_app.services.show_game import show_game
from desktop_app.services.show_json import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.engine]

SAMPLES = Path(__file__).resolve().parents[2] / "resources" / "samples.pgn"
GAMES = 4
NODES = SearchSpec.of_nodes(2000)


@pytest.fixture(scope="module")
def few_samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first sample games in a file."""
    source = tmp_path_factory.mktemp("samples") / "few.pgn"
    games = SAMPLES.read_text(encoding="utf-8").split("\n\n[Event ")[:GAMES]
    source.write_text("\n\n[Event ".join(games) + "\n", encoding="utf-8")
    return source


@pytest.fixture
def new_library(tmp_path: Path, few_samples: Path) -> Iterator[Callable[[str], Library]]:
    """Makes libraries with those games."""
    opened: list[Library] = []

    def make(name: str) -> Library:
        library = Library.open(tmp_path / f"{name}.kibitz")
        opened.append(library)
        import_sources(library, [few_samples])
        return library

    yield make
    for library in opened:
        library.close()


def ids(library: Library) -> list[GameId]:
    """All games."""
    return [GameId(number) for number in library.games.ids(GameQuery(sort="id"))]


def analyse(
    library: Library,
    stockfish: str,
    spec: SearchSpec,
    *,
    workers: int,
    on_event: Callable[[BatchEvent], None] = lambda _event: None,
) -> BatchCounters:
    """Analyse everything."""
    outcome = run_headless(
        library,
        ids(library),
        spec,
        workers=workers,
        engine_path=stockfish,
        identity=identify(stockfish),
        on_event=on_event,
    )
    assert outcome.fault is None
    assert not outcome.interrupted
    return outcome.counters


def shown(library: Library) -> list[dict[str, Any]]:
    """Every game as `show --json` has it."""
    return [to_json(show_game(library, game)) for game in ids(library)]


@pytest.mark.expects_log
def test_evaluations_depend_on_neither_workers_nor_dying_engines(
    new_library: Callable[[str], Library], stockfish: str
) -> None:
    """One worker, three workers, and engines killed on the way store identical evaluations."""
    one, three, wounded = new_library("one"), new_library("three"), new_library("wounded")
    counters = analyse(one, stockfish, NODES, workers=1)
    analyse(three, stockfish, NODES, workers=3)
    victims = iter(("first",))

    def kill_an_engine(event: BatchEvent) -> None:
        if isinstance(event, PositionNews) and event.worker >= 0 and not event.reused and next(victims, None):
            engines = [child for child in psutil.Process().children(recursive=True) if "stockfish" in child.name()]
            assert engines
            engines[0].kill()

    analyse(wounded, stockfish, NODES, workers=2, on_event=kill_an_engine)
    assert shown(one) == shown(three) == shown(wounded)
    assert {game["state"] for game in shown(one)} == {GameState.ANALYSED.value}
    # All four games end in mate, which is a fact and not searched.
    assert counters.positions == sum(game["analysis"]["positions"] - 1 for game in shown(one))


def test_the_key_of_an_analysis_names_the_hash_that_is_set(stockfish: str) -> None:
    """What a batch expects of its engines is what sessions with that hash size say of themselves."""
    spec = SearchSpec.of_nodes(2_000_000)
    assert spec.hash_mb != NODES.hash_mb
    assert engine_with(identify(stockfish), spec) == identify(stockfish, hash_mb=spec.hash_mb)
