"""Reading processes: their results come in order, and their deaths cost nothing but the game that caused them."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from desktop_app.errors import KibitzError
from desktop_app.library.prepared import GAME_COLUMNS, PreparedGame
from desktop_app.pgn.sources import Source, open_sources
from desktop_app.services.import_pool import ReadingPool, read_here
from desktop_app.services.import_reading import BlockRead, SourceRead
from tests.unit.services.reading_processes import (
    POISON,
    dies_on_poison,
    fails_on_poison,
    hangs_on_poison,
    never_starts,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

GAME = '[Event "{}"]\n[White "W{}"]\n[Result "1-0"]\n\n1. e4 e5 {{{}}} 1-0\n\n'


def write(path: Path, numbers: Iterable[int], *, poison: Iterable[int] = (), filler: int = 2000) -> list[Source]:
    """A file of short games with long comments, some of them poisonous; several blocks when there are many."""
    bad = set(poison)
    text = "".join(GAME.format(n, n, POISON.decode() if n in bad else "x" * filler) for n in numbers)
    path.write_text(text, encoding="utf-8")
    return list(open_sources([path]))


def white(game: PreparedGame) -> str:
    """The white player's name."""
    return str(game.columns[GAME_COLUMNS.index("white")])


def summary(messages: Iterable[BlockRead | SourceRead]) -> list[object]:
    """What matters of the messages: order, players, reasons."""
    return [
        (message.source, message.number, [white(game) for game in message.prepared], message.accounted)
        if isinstance(message, BlockRead)
        else message
        for message in messages
    ]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_come_in_file_order_however_many_processes_read(tmp_path: Path, workers: int) -> None:
    """Several sources of one and of many blocks: the same messages as read in one process."""
    sources = write(tmp_path / "big.pgn", range(500))
    for number in range(6):
        sources += write(tmp_path / f"small{number}.pgn", range(number))
    sources += list(open_sources([tmp_path / "missing.pgn"]))
    expected = summary(read_here(sources, None))
    assert sum(isinstance(item, tuple) for item in expected) > 8
    with ReadingPool(workers, None) as pool:
        assert summary(pool.read(sources)) == expected


def test_a_killed_process_costs_nothing(tmp_path: Path) -> None:
    """Killed with -9, each reader in turn: every block still comes, once, in order."""
    sources = write(tmp_path / "a.pgn", range(800))
    expected = summary(read_here(sources, None))
    got = []
    with ReadingPool(2, None) as pool:
        for number, message in enumerate(pool.read(sources)):
            got.append(message)
            if number in (0, 2, 3):
                os.kill(pool.pids[number % 2], signal.SIGKILL)
    assert summary(got) == expected


@pytest.mark.parametrize("target", [dies_on_poison, fails_on_poison])
def test_a_poisonous_game_is_rejected_and_the_rest_survives(tmp_path: Path, target: object) -> None:
    """Two games that end their reader: exactly those are rejected, with a reason and their text."""
    sources = write(tmp_path / "a.pgn", range(300), poison=[7, 150])
    with ReadingPool(2, None, target=target) as pool:  # type: ignore[arg-type]
        messages = [message for message in pool.read(sources) if isinstance(message, BlockRead)]
    players = [white(game) for message in messages for game in message.prepared]
    assert players == [f"W{n}" for n in range(300) if n not in (7, 150)]
    problems = [problem for message in messages for problem in message.problems]
    assert [problem.byte_offset > 0 and POISON.decode() in problem.text for problem in problems] == [True, True]
    assert all("left out" in problem.reason for problem in problems)


def test_a_hanging_process_is_replaced(tmp_path: Path) -> None:
    """A reader that falls silent is ended at its deadline; the game it hung on is rejected, the rest is read."""
    sources = write(tmp_path / "a.pgn", range(20), poison=[4])
    with ReadingPool(1, None, target=hangs_on_poison, silence_s=3.0) as pool:
        messages = [message for message in pool.read(sources) if isinstance(message, BlockRead)]
    assert sum(len(message.prepared) for message in messages) == 19
    assert [problem.game_index for message in messages for problem in message.problems] == [4]


def test_a_process_that_cannot_start_is_a_known_error(tmp_path: Path) -> None:
    """No endless restarts: a sentence, and nothing left running."""
    sources = write(tmp_path / "a.pgn", range(3))
    with ReadingPool(1, None, target=never_starts) as pool, pytest.raises(KibitzError, match="cannot be started"):
        list(pool.read(sources))


def test_leaving_early_ends_every_process(tmp_path: Path) -> None:
    """Abandoned in the middle of a file, the pool leaves no process; the detector of leaked processes watches."""
    sources = write(tmp_path / "a.pgn", range(800))
    with ReadingPool(3, None) as pool:
        next(iter(pool.read(sources)))
        assert len(pool.pids) >= 1


def test_in_flight_work_is_bounded(tmp_path: Path) -> None:
    """A source is read block by block as results are taken, not ahead of them."""
    sources = write(tmp_path / "a.pgn", range(2000))
    messages = read_here(sources, None)
    first = next(messages)
    assert isinstance(first, BlockRead)
    assert first.position < sources[0].size / 4
