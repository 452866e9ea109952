"""The main job without a window, for `make run` where there is no display: import, review, verdicts, a picture.

Run as `python -m desktop_app.cli.demo --out FOLDER`. The library it makes in the folder is kept: a second run goes on
where the first stopped. Main thread; called by packaging/run.sh.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app import paths
from desktop_app.cli import output
from desktop_app.cli.interrupt import EXIT_CODE as INTERRUPTED
from desktop_app.cli.main import guarded
from desktop_app.cli.parser import command_parser
from desktop_app.cli.show_text import score_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.game_view import GameView, PlyView
    from desktop_app.library.library import Library

DEFAULT_SECONDS = 240
"""Most time for the engines; with set-up and picture the whole stays within five minutes."""

PICTURE_DEADLINE_S = 60
WORST_MOVES = 15
NAME_COLUMNS = 36

WELCOME = """\
There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so this is Kibitz's job without its window:
importing the sample games, reviewing them with Stockfish (profile quick, {limit} at most), and the verdicts.
"""


@dataclass(frozen=True, slots=True)
class _Moment:
    view: GameView
    ply: PlyView

    @property
    def loss(self) -> float:
        return self.ply.win_loss or 0.0


def main(argv: Sequence[str]) -> int:
    """Run the demo and return the exit code of its worst step."""
    parser = argparse.ArgumentParser(prog="python -m desktop_app.cli.demo", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the library and the picture")
    parser.add_argument("--seconds", type=float, default=DEFAULT_SECONDS, help="most time for the engines")
    arguments = parser.parse_args(argv)
    output.use_utf8()
    return guarded(lambda: _demo(arguments.out, arguments.seconds))


def _demo(folder: Path, seconds: float) -> int:
    from desktop_app.cli.analyse_command import run_analyse
    from desktop_app.cli.library_commands import run_import
    from desktop_app.settings import cores

    folder.mkdir(parents=True, exist_ok=True)
    location = str(folder / "library.kibitz")
    print(WELCOME.format(limit=output.duration(seconds)), flush=True)
    samples = str(paths.resource("samples.pgn"))
    codes = [run_import(command_parser("import").parse_args([samples, "--library", location]))]
    print(flush=True)
    # All cores: there is no window to keep lively.
    words = ["--all", "--profile", "quick", "--workers", str(cores()), "--library", location]
    codes.append(run_analyse(command_parser("analyse").parse_args(words), most_seconds=seconds))
    if INTERRUPTED in codes:
        return INTERRUPTED
    _print_verdicts(location)
    codes.append(_draw(location, folder / "window.png"))
    return max(codes)


def _print_verdicts(location: str) -> None:
    from desktop_app.cli.library_commands import games_table
    from desktop_app.domain.filters import GameQuery
    from desktop_app.library.library import Library
    from desktop_app.settings import SettingsStore

    with Library.open(location) as library:
        library.gradings.in_force = SettingsStore(paths.settings_file()).current.grading_in_force
        query = GameQuery()
        rows = library.games.page(query, 0, library.games.count(query))
        print(f"\n{games_table(rows)}")
        moments = sorted(_moments(library), key=lambda moment: -moment.loss)[:WORST_MOVES]
    if moments:
        print("\nThe most expensive moves, and what should have been played:")
        head = ("game", "move", "", "score", "win % lost", "better")
        print(output.table(head, [_moment_row(moment) for moment in moments], right=frozenset({3, 4})))


def _moments(library: Library) -> list[_Moment]:
    from desktop_app.domain.filters import GameQuery
    from desktop_app.domain.game import GameId
    from desktop_app.services.show_game import show_game

    views = [show_game(library, GameId(number)) for number in library.games.ids(GameQuery())]
    return [_Moment(view, ply) for view in views for ply in view.plies if ply.judgement is not None]


def _moment_row(moment: _Moment) -> tuple[object, ...]:
    view, ply = moment.view, moment.ply
    return (
        output.shorten(f"{view.white} - {view.black}", NAME_COLUMNS),
        f"{ply.move_number}{'.' if ply.white else '…'} {ply.san}",
        ply.judgement.glyph if ply.judgement else "",
        score_text(ply.score),
        f"{moment.loss:.0f}",
        ply.best_san,
    )


def _draw(location: str, picture: Path) -> int:
    """Draw the real window, in a process of its own: this one never loads Qt."""
    command = [sys.executable, "-m", "desktop_app.ui.snapshot", "--library", location, "--out", str(picture)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PICTURE_DEADLINE_S, check=False
        )
    except subprocess.TimeoutExpired:
        output.complain(f"The picture of the window was not ready after {PICTURE_DEADLINE_S} s.")
        return 1
    if done.returncode != 0 or not picture.exists():
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        output.complain(f"The picture of the window could not be drawn: {reason}")
        return 1
    print(f"\nA picture of the window with these games: {picture}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
