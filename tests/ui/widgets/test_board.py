"""The board: what it shows where, and which gestures become which requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import chess
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from desktop_app.domain.judgement import Judgement
from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.tokens import Mark
from desktop_app.ui.widgets import pieces
from desktop_app.ui.widgets.board import ArrowRole, BoardWidget
from tests.ui.widgets.events import drag, wheel
from tests.ui.widgets.sample_game import evergreen

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot


@pytest.fixture
def board(qtbot: QtBot) -> BoardWidget:
    """A board of 480 pixels in the start position."""
    widget = BoardWidget()
    qtbot.addWidget(widget)
    widget.resize(480, 480)
    widget.show()
    return widget


def centre(board: BoardWidget, name: str) -> QPoint:
    """The middle of a square."""
    return board.square_rect(chess.parse_square(name)).center().toPoint()


def picture(board: BoardWidget) -> QImage:
    """What the board looks like."""
    return board.grab().toImage()


def has_colour(image: QImage, rect_of: BoardWidget, square: str, hex_colour: str) -> bool:
    """Whether a pixel of exactly that colour is inside a square."""
    rect = rect_of.square_rect(chess.parse_square(square)).toRect()
    ratio = image.devicePixelRatio()
    wanted = QColor(hex_colour).rgb()
    return any(
        image.pixel(x, y) == wanted
        for x in range(round(rect.left() * ratio), round(rect.right() * ratio))
        for y in range(round(rect.top() * ratio), round(rect.bottom() * ratio))
    )


@pytest.mark.parametrize(("delta", "steps"), [(-120, 1), (120, -1), (-360, 3)])
def test_wheel_down_is_forward(qtbot: QtBot, board: BoardWidget, delta: int, steps: int) -> None:
    """Turning the wheel down goes forward, up goes back, fast turns go several plies."""
    with qtbot.waitSignal(board.stepped) as heard:
        wheel(board, delta)
    assert heard.args == [steps]


def test_trackpad_deltas_add_up(qtbot: QtBot, board: BoardWidget) -> None:
    """Small deltas are collected until they make a step, and a change of direction forgets the rest."""
    heard: list[int] = []
    board.stepped.connect(heard.append)
    for _ in range(7):
        wheel(board, -30)
    assert heard == [1]
    wheel(board, 60)
    wheel(board, 60)
    assert heard == [1, -1]


def test_wheel_with_ctrl_is_left_to_the_window(board: BoardWidget) -> None:
    """Ctrl and the wheel resize things elsewhere; the board does not step."""
    heard: list[int] = []
    board.stepped.connect(heard.append)
    wheel(board, -120, Qt.KeyboardModifier.ControlModifier)
    assert heard == []


def test_flip_turns_every_square(board: BoardWidget) -> None:
    """After a flip a1 is where h8 was."""
    before = board.square_rect(chess.H8)
    board.flip()
    assert board.flipped
    assert board.square_rect(chess.A1) == before


def test_squares_are_whole_device_pixels(qtbot: QtBot) -> None:
    """Whatever the size, squares are whole pixels and the board is inside its widget."""
    widget = BoardWidget()
    qtbot.addWidget(widget)
    for size in (177, 251, 480, 613):
        widget.resize(size, size + 40)
        rect = widget.square_rect(chess.A8)
        assert rect.width() == int(rect.width())
        assert widget.rect().contains(widget.square_rect(chess.H1).toRect())


def test_drag_asks_for_the_move(qtbot: QtBot, board: BoardWidget) -> None:
    """Dragging a pawn asks for its move and changes nothing by itself."""
    with qtbot.waitSignal(board.move_requested) as heard:
        drag(board, centre(board, "e2"), centre(board, "e4"))
    assert heard.args == ["e2e4"]


def test_click_click_asks_for_the_move_on_a_flipped_board(qtbot: QtBot, board: BoardWidget) -> None:
    """Two clicks do the same as a drag, wherever the squares are."""
    board.flip()
    QTest.mouseClick(board, Qt.MouseButton.LeftButton, pos=centre(board, "g1"))
    with qtbot.waitSignal(board.move_requested) as heard:
        QTest.mouseClick(board, Qt.MouseButton.LeftButton, pos=centre(board, "f3"))
    assert heard.args == ["g1f3"]


def test_only_legal_moves_are_asked_for(board: BoardWidget) -> None:
    """With legal moves given, others are not asked for."""
    heard: list[str] = []
    board.move_requested.connect(heard.append)
    board.set_legal_moves([move.uci() for move in chess.Board().legal_moves])
    drag(board, centre(board, "e2"), centre(board, "e5"))
    drag(board, centre(board, "e7"), centre(board, "e5"))
    assert heard == []
    drag(board, centre(board, "b1"), centre(board, "c3"))
    assert heard == ["b1c3"]


def test_king_onto_rook_castles(board: BoardWidget) -> None:
    """Both ways of castling by hand ask for the move that is legal."""
    fen = "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1"
    heard: list[str] = []
    board.move_requested.connect(heard.append)
    board.set_position(fen)
    board.set_legal_moves([move.uci() for move in chess.Board(fen).legal_moves])
    drag(board, centre(board, "e1"), centre(board, "h1"))
    drag(board, centre(board, "e1"), centre(board, "c1"))
    assert heard == ["e1g1", "e1c1"]


def test_promotion_is_chosen_on_the_board(qtbot: QtBot, board: BoardWidget) -> None:
    """A pawn on the last rank opens a chooser: by mouse, by key, and Esc asks for nothing."""
    board.set_position("8/P6k/8/8/8/8/8/K7 w - - 0 1")
    heard: list[str] = []
    board.move_requested.connect(heard.append)
    drag(board, centre(board, "a7"), centre(board, "a8"))
    assert heard == []
    QTest.mouseClick(board, Qt.MouseButton.LeftButton, pos=centre(board, "a7"))
    drag(board, centre(board, "a7"), centre(board, "a8"))
    QTest.keyClick(board, Qt.Key.Key_R)
    drag(board, centre(board, "a7"), centre(board, "a8"))
    QTest.keyClick(board, Qt.Key.Key_Escape)
    assert heard == ["a7a8n", "a7a8r"]


def test_badge_is_on_the_corner_of_its_square(board: BoardWidget) -> None:
    """The badge's colour is at the upper right of its square, flipped or not, and goes with the position."""
    last = evergreen()[36]
    fill = theme.mark_colours(Mark.BLUNDER).fill
    board.set_position(last.fen, last.uci)
    assert not has_colour(picture(board), board, "d1", fill)
    board.set_badge(chess.D1, Judgement.BLUNDER)
    rect = board.square_rect(chess.D1)
    inside = QPoint(round(rect.right() - rect.width() * 0.25), round(rect.top() + rect.height() * 0.08))
    assert QColor(picture(board).pixel(inside)).name() == fill
    board.flip()
    image = picture(board)
    assert has_colour(image, board, "d1", fill)
    assert not has_colour(image, board, "d8", fill)
    board.set_position(last.fen, last.uci)
    assert not has_colour(picture(board), board, "d1", fill)


def test_badge_stays_inside_the_board(board: BoardWidget) -> None:
    """On h8 the badge is moved in, not cut off."""
    board.set_badge(chess.H8, Judgement.MISTAKE)
    image = picture(board)
    fill = QColor(theme.mark_colours(Mark.MISTAKE).fill).rgb()
    side = max(16.0, board.square_rect(chess.H8).width() * 0.42)
    column = [image.pixel(image.width() - 3, y) == fill for y in range(round(side))]
    assert any(column)


def test_last_move_is_tinted_and_arrows_are_drawn(board: BoardWidget) -> None:
    """Origin and destination differ from untouched squares; an arrow changes the picture between its ends."""
    board.set_position(evergreen()[0].fen, "e2e4")
    image = picture(board)
    plain, tinted = centre(board, "c4"), centre(board, "e2")
    assert image.pixel(plain) == QColor(theme.tokens().board.light).rgb()
    assert image.pixel(tinted) not in {QColor(theme.tokens().board.light).rgb(), image.pixel(plain)}
    board.set_arrows([("d2d4", ArrowRole.BEST)])
    assert picture(board).pixel(centre(board, "d3")) != image.pixel(centre(board, "d3"))


def test_check_glows_under_the_king(board: BoardWidget) -> None:
    """The king in check is found by the board itself; a caller may overrule it."""
    fen = "4k3/8/8/8/8/8/4R3/4K3 b - - 0 1"
    board.set_position(fen)
    corner = board.square_rect(chess.E8).topLeft().toPoint() + QPoint(6, 40)
    glowing = picture(board).pixel(corner)
    board.set_position(fen, check=False)
    assert picture(board).pixel(corner) != glowing
    assert "in check" not in board.accessibleDescription()


def test_right_button_draws_and_left_click_clears(board: BoardWidget) -> None:
    """Right-drag makes an arrow, right-click a circle, the same again removes it, a left click clears."""
    right = Qt.MouseButton.RightButton
    drag(board, centre(board, "d1"), centre(board, "h5"), button=right)
    QTest.mouseClick(board, right, Qt.KeyboardModifier.ShiftModifier, centre(board, "e5"))
    assert [(shape.start, shape.end, shape.tint) for shape in board.shapes()] == [
        (chess.D1, chess.H5, 0),
        (chess.E5, chess.E5, 1),
    ]
    drag(board, centre(board, "d1"), centre(board, "h5"), button=right)
    assert len(board.shapes()) == 1
    QTest.mouseClick(board, Qt.MouseButton.LeftButton, pos=centre(board, "a4"))
    assert board.shapes() == ()


def test_motion_is_interruptible(qapp: QApplication, board: BoardWidget) -> None:
    """A second step during the first one's motion shows the second position at once; motion ends by itself."""
    theme.apply(qapp, theme.ThemeChoice.LIGHT, reduced_motion=False)
    game = evergreen()
    board.set_position(game[0].fen, game[0].uci)
    board.set_position(game[1].fen, game[1].uci)
    still = picture(board)
    board.set_position(game[1].fen, game[1].uci, animate=False)
    assert picture(board) == still


@pytest.mark.parametrize(
    "fen",
    [
        "r1bqk2r/ppp2ppp/2n5/8/2BPn3/2N2N2/PP3PPP/R1BQK2R[Pp] w KQkq - 0 8",
        "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQ~KBNR/Qn w KQkq - 0 1",
        "8/8/8/8/8/8/8/8 w - - 0 1",
        "kkkkkkkk/8/8/QQQQQQQQ/8/8/8/8 b - - 0 1",
        "9/x/-/../8",
        "",
    ],
)
def test_any_position_is_painted(board: BoardWidget, fen: str) -> None:
    """Odd variants, empty boards and nonsense are shown as far as they go, never with an exception."""
    board.set_position(fen, "N@f3", animate=False)
    board.set_arrows([("N@f3", ArrowRole.BEST), ("nonsense", ArrowRole.REFUTATION)])
    assert not picture(board).isNull()


def test_position_is_told_in_words(board: BoardWidget) -> None:
    """A screen reader gets pieces, turn and last move."""
    board.set_position(evergreen()[0].fen, "e2e4")
    words = board.accessibleDescription()
    assert "king e1" in words
    assert "Black to move" in words
    assert "Last move e2 to e4" in words


def test_painting_many_positions_renders_each_piece_once(board: BoardWidget) -> None:
    """Stepping through a game paints from the cache: no SVG is rendered for a piece size seen before."""
    for item in evergreen():
        board.set_position(item.fen, item.uci, animate=False)
        picture(board)
    drawn = pieces._drawn.cache_info().misses
    for item in evergreen():
        board.set_position(item.fen, item.uci, animate=False)
        picture(board)
    assert pieces._drawn.cache_info().misses == drawn
