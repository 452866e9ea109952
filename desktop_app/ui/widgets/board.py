"""The board: one widget with its own paintEvent over cached pixmaps. Main thread; assembled by `windows`.

Values in (`set_position`, `set_badge`, `set_arrows`, `set_legal_moves`), signals out (`stepped`, `move_requested`). It
knows no rules: what a requested move means is for its owner to decide. Keys belong to the window, except those of an
open promotion chooser.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import chess
from PySide6.QtCore import QEasingCurve, QEvent, QPointF, QRectF, QSize, Qt, QVariantAnimation, Signal
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.tokens import MOTION_MS, Mark
from desktop_app.ui.widgets import squares
from desktop_app.ui.widgets.board_gestures import PROMOTIONS, Drawing, Promotion, Shape
from desktop_app.ui.widgets.board_paint import Canvas, coordinates, ground
from desktop_app.ui.widgets.wheel import WheelSteps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QWheelEvent

    from desktop_app.domain.judgement import Judgement

_DRAG_START_PX = 6
_MOST_MOVERS = 6
"""More pieces than this changing place is a jump, not a move: shown at once."""


class ArrowRole(StrEnum):
    """What an arrow says."""

    BEST = "best"
    REFUTATION = "refutation"
    ALTERNATIVE = "alternative"


@dataclass(slots=True)
class _Press:
    """A mouse button that is down: where it went down, where it is, and whether it became a drag."""

    square: int
    origin: QPointF
    point: QPointF
    dragging: bool = False


class BoardWidget(QWidget):
    """A chess board.

    Signals:
        stepped(int): the wheel asks to go that many plies forward (down) or back.
        move_requested(str): the user made a move, in UCI notation with its promotion.
        square_pressed(int): a square was pressed with the left button.
    """

    stepped = Signal(int)
    move_requested = Signal(str)
    square_pressed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pieces = squares.placement(chess.STARTING_FEN)
        self._fen = chess.STARTING_FEN
        self._last_move: str | None = None
        self._check_square: int | None = None
        self._flipped = False
        self._badge: tuple[int, Mark] | None = None
        self._badge_opacity = 1.0
        self._arrows: tuple[tuple[str, ArrowRole], ...] = ()
        self._legal: frozenset[str] | None = None
        self._movable = True
        self._coordinates = True
        self._selected: int | None = None
        self._press: _Press | None = None
        self._drawing = Drawing()
        self._promotion: Promotion | None = None
        self._movers: dict[int, int] = {}
        self._progress = 1.0
        self._ground: tuple[object, QPixmap, QPixmap] | None = None
        self._wheel = WheelSteps()
        self._motion = QVariantAnimation(self)
        self._motion.setDuration(MOTION_MS)
        self._motion.setStartValue(0.0)
        self._motion.setEndValue(1.0)
        self._motion.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._motion.valueChanged.connect(self._on_motion)
        self.setMouseTracking(True)
        self.setMinimumSize(176, 176)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setSizePolicy(policy)
        self.setAccessibleName("Chess board")
        self._describe(check=False)

    def sizeHint(self) -> QSize:
        """A comfortable board."""
        return QSize(560, 560)

    # -- values in --------------------------------------------------------------------------------------------------

    def set_position(
        self, fen: str, last_move: str | None = None, *, check: bool | None = None, animate: bool = True
    ) -> None:
        """Shows a position; clears badge, arrows, hand-drawn shapes and legal moves, which belong to the old one.

        `check` None means: find out by the rules of standard chess. A change that arrives while pieces are moving is
        shown at once, so stepping fast is never slowed down.
        """
        before, interrupted = self._pieces, self._motion.state() is QVariantAnimation.State.Running
        self._motion.stop()
        self._fen, self._pieces, self._last_move = fen, squares.placement(fen), last_move
        turn = squares.white_to_move(fen)
        in_check = squares.in_check(self._pieces, white=turn) if check is None else check
        self._check_square = squares.king_square(self._pieces, white=turn) if in_check else None
        self._badge, self._arrows, self._legal = None, (), None
        self._drawing.clear()
        self._selected = self._promotion = self._press = None
        self._movers = squares.moved_pieces(before, self._pieces)
        self._progress = 1.0
        wanted = animate and not interrupted and self.isVisible() and theme.motion_allowed()
        if wanted and 0 < len(self._movers) <= _MOST_MOVERS:
            self._progress = 0.0
            self._motion.start()
        self._describe(check=in_check)
        self.update()

    def set_badge(self, square: int | None, mark: Mark | Judgement | None, *, provisional: bool = False) -> None:
        """Puts a judgement on a square's corner, or takes it away with None; a provisional one is faded."""
        self._badge = None if square is None or mark is None else (square, Mark(mark.value))
        self._badge_opacity = 0.55 if provisional else 1.0
        self.update()

    def set_arrows(self, arrows: Sequence[tuple[str, ArrowRole]]) -> None:
        """Shows arrows of the engine's moves, given in UCI notation; later ones lie over earlier ones."""
        self._arrows = tuple(arrows)
        self.update()

    def set_legal_moves(self, moves: Iterable[str] | None) -> None:
        """Restricts dragging to these moves and shows their targets; None lets any piece go anywhere."""
        self._legal = None if moves is None else frozenset(moves)
        self.update()

    def set_movable(self, *, movable: bool) -> None:
        """Whether pieces can be taken up at all."""
        self._movable = movable
        self._selected = self._press = None
        self.update()

    def set_coordinates(self, *, shown: bool) -> None:
        """Shows or hides the coordinates."""
        self._coordinates = shown
        self.update()

    @property
    def flipped(self) -> bool:
        """Whether Black is at the bottom."""
        return self._flipped

    def set_flipped(self, *, flipped: bool) -> None:
        """Turns the board so that Black (or White) is at the bottom."""
        if flipped != self._flipped:
            self._motion.stop()
            self._progress = 1.0
            self._flipped, self._ground = flipped, None
            self.update()

    def flip(self) -> None:
        """Turns the board round."""
        self.set_flipped(flipped=not self._flipped)

    def shapes(self) -> tuple[Shape, ...]:
        """The arrows and circles drawn by hand on this position."""
        return self._drawing.finished()

    def square_rect(self, square: int) -> QRectF:
        """Where a square is, in this widget's coordinates."""
        return self._geometry().rect(square)

    # -- painting ---------------------------------------------------------------------------------------------------

    def _geometry(self) -> squares.Geometry:
        return squares.Geometry.fit(self.width(), self.height(), self.devicePixelRatioF(), flipped=self._flipped)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paints from cached pixmaps; nothing is parsed or rendered from SVG here once the caches are warm."""
        geometry = self._geometry()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(event.rect())
        corner = QPointF(geometry.left, geometry.top)
        squares_layer, coordinates_layer = self._layers(geometry)
        canvas = Canvas(painter, geometry, self.devicePixelRatioF())
        painter.drawPixmap(corner, squares_layer)
        self._paint_tints(canvas)
        if self._coordinates:
            painter.drawPixmap(corner, coordinates_layer)
        self._paint_pieces(canvas)
        self._paint_targets(canvas)
        self._paint_arrows(canvas)
        if self._badge is not None:
            canvas.badge(self._badge[0], self._badge[1], self._badge_opacity)
        if self._promotion is not None:
            canvas.chooser(self._promotion.squares(), self._promotion.symbols())
        elif self._press is not None and self._press.dragging:
            canvas.lifted_piece(self._pieces[self._press.square], self._press.point)
        painter.end()

    def _layers(self, geometry: squares.Geometry) -> tuple[QPixmap, QPixmap]:
        """Squares and coordinates, drawn once for a size, ratio, side and theme."""
        ratio = self.devicePixelRatioF()
        key = (geometry.side, ratio, self._flipped, theme.tokens().name)
        if self._ground is None or self._ground[0] != key:
            self._ground = (key, ground(geometry, ratio), coordinates(geometry, ratio))
        return self._ground[1], self._ground[2]

    def _paint_tints(self, canvas: Canvas) -> None:
        colours, rect, painter = theme.tokens().board, canvas.geometry.rect, canvas.painter
        played = squares.move_squares(self._last_move) if self._last_move else None
        for square in sorted(set(played)) if played else ():
            painter.fillRect(rect(square), theme.colour(colours.last_move, colours.last_move_alpha))
        if self._selected is not None:
            painter.fillRect(rect(self._selected), theme.colour(colours.selected, colours.selected_alpha))
        if self._check_square is not None:
            canvas.check_glow(rect(self._check_square))

    def _paint_pieces(self, canvas: Canvas) -> None:
        rect = canvas.geometry.rect
        lifted = self._press.square if self._press is not None and self._press.dragging else None
        moving = self._movers if self._progress < 1.0 else {}
        for square, symbol in self._pieces.items():
            if square not in moving:
                canvas.piece(symbol, rect(square).topLeft(), 0.3 if square == lifted else 1.0)
        for square, origin in moving.items():
            start, end = rect(origin).topLeft(), rect(square).topLeft()
            canvas.piece(self._pieces[square], start + (end - start) * self._progress)

    def _paint_targets(self, canvas: Canvas) -> None:
        if self._selected is None or self._legal is None:
            return
        prefix = chess.square_name(self._selected)
        for name in sorted({move[2:4] for move in self._legal if move.startswith(prefix)}):
            square = chess.parse_square(name)
            canvas.target(canvas.geometry.rect(square), occupied=square in self._pieces)

    def _paint_arrows(self, canvas: Canvas) -> None:
        colours = theme.tokens().board
        tints = {
            ArrowRole.BEST: (colours.best_arrow, 1.0),
            ArrowRole.REFUTATION: (colours.refutation_arrow, 1.0),
            ArrowRole.ALTERNATIVE: (colours.alternative_arrow, 0.6),
        }
        for uci, role in self._arrows:
            ends = squares.move_squares(uci)
            if ends is not None:
                tint, weight = tints[role]
                canvas.arrow(ends, theme.colour(tint, colours.arrow_alpha), weight)
        for shape in self._drawing.visible():
            tint_colour = theme.colour(colours.user[shape.tint], colours.arrow_alpha)
            canvas.arrow((shape.start, shape.end), tint_colour, 1.0)

    def _on_motion(self, value: object) -> None:
        self._progress = float(value) if isinstance(value, float) else 1.0
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        """Forgets what was drawn in the old theme's colours."""
        if event.type() in {QEvent.Type.PaletteChange, QEvent.Type.StyleChange}:
            self._ground = None
            self.update()
        super().changeEvent(event)

    # -- gestures ---------------------------------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Down is forward; small trackpad deltas add up; with Shift ten plies at once; with Ctrl left to the parent."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return
        steps = self._wheel.add(event)
        if steps:
            self.stepped.emit(steps)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Takes up a piece, finishes click-click, or starts a drawing with the right button."""
        square = self._geometry().square_at(event.position())
        if self._promotion is not None:
            left = event.button() is Qt.MouseButton.LeftButton
            self._promote(self._promotion.letter_at(square) if left else None)
        elif square is None:
            event.ignore()
        elif event.button() is Qt.MouseButton.RightButton:
            self._press = None
            self._drawing.begin(square)
        elif event.button() is Qt.MouseButton.LeftButton:
            self._press_left(square, event.position())
        else:
            event.ignore()
        self.update()

    def _press_left(self, square: int, point: QPointF) -> None:
        self._drawing.clear()
        self.square_pressed.emit(square)
        selected = self._selected
        if selected is not None and selected != square and self._try_move(selected, square):
            self._selected = None
            return
        if self._movable and self._can_take_up(square):
            self._press = _Press(square, point, point)
            self._selected = None if selected == square else square
        else:
            self._selected = None

    def _can_take_up(self, square: int) -> bool:
        if square not in self._pieces:
            return False
        name = chess.square_name(square)
        return self._legal is None or any(move.startswith(name) for move in self._legal)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drags a piece or a drawing."""
        square = self._geometry().square_at(event.position())
        if square is not None and self._drawing.extend(square):
            self.update()
        elif self._press is not None:
            press = self._press
            press.point = event.position()
            moved = (press.point - press.origin).manhattanLength()
            if not press.dragging and moved >= _DRAG_START_PX:
                press.dragging, self._selected = True, press.square
            if press.dragging:
                self.update()
        elif self._movable and square is not None:
            shape = Qt.CursorShape.OpenHandCursor if self._can_take_up(square) else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Drops what was dragged."""
        square = self._geometry().square_at(event.position())
        if event.button() is Qt.MouseButton.RightButton:
            self._drawing.finish(event.modifiers())
        elif self._press is not None and event.button() is Qt.MouseButton.LeftButton:
            press, self._press = self._press, None
            if press.dragging:
                self._selected = None
                if square is not None and square != press.square:
                    self._try_move(press.square, square)
        self.update()

    def _try_move(self, start: int, end: int) -> bool:
        """Asks for a move if it is allowed, opening the chooser where a pawn promotes; False when it is not allowed."""
        uci = chess.square_name(start) + chess.square_name(end)
        if self._legal is None:
            pawn = self._pieces.get(start, "").lower() == "p"
            promotes = pawn and chess.square_rank(end) in {0, 7}
        else:
            promotes = f"{uci}q" in self._legal
            if not promotes and uci not in self._legal:
                uci = self._castling(start, end)
                if uci not in self._legal:
                    return False
        if promotes:
            self._promotion = Promotion(start, end)
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.move_requested.emit(uci)
        return True

    def _castling(self, start: int, end: int) -> str:
        """King onto its own rook means castling in standard chess too ("e1h1" for e1g1), and the other way round."""
        if self._pieces.get(start, "").lower() != "k":
            return ""
        rank, right = chess.square_rank(start), end > start
        wanted = (7 if right else 0) if chess.square_file(end) in {2, 6} else (6 if right else 2)
        return chess.square_name(start) + chess.square_name(chess.square(wanted, rank))

    # -- promotion --------------------------------------------------------------------------------------------------

    def _promote(self, letter: str | None) -> None:
        if self._promotion is None:
            return
        promotion, self._promotion = self._promotion, None
        self.update()
        if letter is not None:
            self.move_requested.emit(promotion.uci(letter))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Q, N, R, B and Esc while the promotion chooser is open; everything else belongs to the window."""
        letter = event.text().lower()
        if self._promotion is None:
            event.ignore()
        elif event.key() == Qt.Key.Key_Escape:
            self._promote(None)
        elif letter and letter in PROMOTIONS:
            self._promote(letter)

    def _describe(self, *, check: bool) -> None:
        turn = squares.white_to_move(self._fen)
        text = squares.describe(self._pieces, white_turn=turn, last_move=self._last_move, check=check)
        self.setAccessibleDescription(text)
