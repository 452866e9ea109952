"""Render the real window to a picture, without a display: `python -m desktop_app.ui.snapshot --library X --out Y.png`.

For `make run` on a server and for the README. Main thread of a process of its own; the library is only read.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDeadlineTimer, QEventLoop, QTimer

from desktop_app import paths
from desktop_app.errors import KibitzError
from desktop_app.library.library import Library
from desktop_app.settings import SettingsStore, Theme
from desktop_app.ui.application import Application, Places, apply_theme
from desktop_app.ui.desktop import make_qt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QApplication

    from desktop_app.domain.game import GameId

_DEADLINE_MS = 20_000
_SETTLE_MS = 600


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the arguments, write the picture, return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m desktop_app.ui.snapshot", description=__doc__)
    parser.add_argument("--library", required=True, help="path of the library")
    parser.add_argument("--out", required=True, help="PNG file to write")
    parser.add_argument("--dark", action="store_true", help="dark theme")
    parser.add_argument("--size", default="1600x960", help="width x height in pixels")
    parser.add_argument("--game", type=int, help="game to open; without it, the one with the most to see")
    parser.add_argument("--ply", type=int, help="where to stand in it; without it, at the worst move")
    parser.add_argument("--tab", choices=("moves", "lines", "summary"), default="moves", help="tab at the right")
    options = parser.parse_args(arguments)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    try:
        return _Picture(options).write()
    except KibitzError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


class _Picture:
    """One picture: opens the application, waits until everything shows, grabs the window."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        width, _, height = options.size.partition("x")
        self._size = (int(width), int(height))

    def write(self) -> int:
        """Render and save; 1 when the picture could not be written."""
        qt = make_qt()
        apply_theme(Theme.DARK if self._options.dark else Theme.LIGHT)
        library = Library.open(self._options.library, create=False)
        with tempfile.TemporaryDirectory() as folder:
            places = Places(Path(folder) / "window.ini", paths.resource("samples.pgn"))
            app = Application(library, SettingsStore(Path(folder) / "settings.json"), places=places, passive=True)
            app.window.resize(*self._size)
            app.start()
            saved = self._grab(qt, app)
            app.quit()
            _spin(qt, lambda: not app.running, _DEADLINE_MS)
        return 0 if saved else 1

    def _grab(self, qt: QApplication, app: Application) -> bool:
        games, cursor = app.bench.games, app.bench.cursor
        _spin(qt, lambda: games.rowCount() > 0 and games.index(0, 0).data() != "…", _DEADLINE_MS)
        game = self._choose(app)
        if game is not None:
            app.window.workspace.library.select_game(game)
            app.bench.viewer.preview(game)
            _spin(qt, lambda: cursor.view is not None and cursor.view.id == game, _DEADLINE_MS)
            cursor.go_to(self._ply(app))
        tabs = app.window.workspace.review.tabs
        wanted = [place for place in range(tabs.count()) if tabs.tabText(place).lower() == self._options.tab]
        tabs.setCurrentIndex(wanted[0] if wanted else 0)
        _spin(qt, lambda: False, _SETTLE_MS)
        return app.window.grab().save(self._options.out)

    def _choose(self, app: Application) -> GameId | None:
        """The game asked for, else the first with a blunder by each side, else the first."""
        games = app.bench.games
        if self._options.game is not None:
            return games.ids()[games.ids().index(self._options.game)] if self._options.game in games.ids() else None
        shown = [games.known(game) for game in games.ids()]
        lively = [row for row in shown if row is not None and row.white_blunders and row.black_blunders]
        return lively[0].id if lively else next(iter(games.ids()), None)

    def _ply(self, app: Application) -> int:
        view = app.bench.cursor.view
        if self._options.ply is not None or view is None:
            return int(self._options.ply or 0)
        judged = [move for move in view.plies if move.win_loss is not None and move.judgement is not None]
        return max(judged, key=lambda move: move.win_loss or 0.0).ply if judged else 0


def _spin(qt: QApplication, until: Callable[[], bool], budget_ms: int) -> None:
    """Run the event loop until the condition holds, or the budget is used up."""
    loop, deadline = QEventLoop(qt), QDeadlineTimer(budget_ms)
    timer = QTimer(loop, interval=20)
    timer.timeout.connect(lambda: loop.quit() if until() or deadline.hasExpired() else None)
    timer.start()
    loop.exec()
    timer.stop()


if __name__ == "__main__":
    sys.exit(main())
