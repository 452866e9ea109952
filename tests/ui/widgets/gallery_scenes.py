"""The gallery's scenes: each builds one widget, or a small composition, with realistic data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import chess
from PySide6.QtWidgets import QHBoxLayout, QWidget
from sample_game import evergreen, long_game

from desktop_app.domain.judgement import Judgement
from desktop_app.ui.widgets.board import ArrowRole, BoardWidget
from desktop_app.ui.widgets.move_list import MoveList
from desktop_app.ui.widgets.move_rows import MoveCell

if TYPE_CHECKING:
    from collections.abc import Callable

    from sample_game import PlayedPly

COMMENT = "The famous quiet move. Anderssen later said he had seen the whole combination from here; the engine is not convinced."
VARIATION = "19. Be4 Qh3 20. g3 Rxg3+ 21. hxg3 Qxg3+ 22. Kh1 Bxf2 with mutual chances"


def cells(game: list[PlayedPly], *, clocks: bool = True, upto: int = 10_000) -> list[MoveCell]:
    """Cells of a sample game."""
    return [
        MoveCell(
            ply=item.ply,
            san=item.san,
            number=(item.ply + 1) // 2,
            black=item.ply % 2 == 0,
            score=item.score if item.ply <= upto else None,
            judgement=item.judgement if item.ply <= upto else None,
            glyph="!!" if item.ply == 39 and len(game) < 60 else "",
            clock_s=5400 - item.ply * 47.0 if clocks else None,
            comment=COMMENT if item.ply == 37 and len(game) < 60 else "",
            variations=(VARIATION,) if item.ply == 37 and len(game) < 60 else (),
        )
        for item in game
    ]


def board_scene(ply: int, **options: bool) -> BoardWidget:
    """The board at a ply of the sample."""
    game = evergreen()
    item = game[ply - 1]
    board = BoardWidget()
    board.resize(560, 560)
    board.set_position(item.fen, item.uci)
    if item.judgement:
        board.set_badge(chess.parse_square(item.uci[2:4]), item.judgement)
    if options.get("flip"):
        board.flip()
    return board


def board_arrows() -> QWidget:
    """Badge, best move and refutation after 19.Rad1."""
    board = board_scene(37)
    board.set_arrows([("d3e4", ArrowRole.BEST), ("h5f3", ArrowRole.REFUTATION)])
    return board


def board_check() -> QWidget:
    """A check, flipped."""
    return board_scene(45, flip=True)


def move_list() -> QWidget:
    """The list with a comment and a variation."""
    widget = MoveList()
    widget.resize(380, 640)
    widget.set_game(cells(evergreen()), opening="C52 Evans Gambit: Main Line", result="1\u20130")
    widget.set_current_ply(37)
    return widget


def move_list_long() -> QWidget:
    """250 moves, half of them evaluated, narrow."""
    widget = MoveList()
    widget.resize(300, 420)
    widget.set_game(cells(long_game(), upto=300), opening="A00 Amar Opening: Paris Gambit, Gent Gambit, with a very long name")
    widget.set_current_ply(297)
    return widget


def row(*widgets: QWidget) -> QWidget:
    """Widgets side by side."""
    holder = QWidget()
    layout = QHBoxLayout(holder)
    for widget in widgets:
        layout.addWidget(widget)
    return holder


_ = Judgement
SCENES: dict[str, Callable[[], QWidget]] = {
    "board-arrows": board_arrows,
    "board-check": board_check,
    "moves": move_list,
    "moves-long": move_list_long,
}
