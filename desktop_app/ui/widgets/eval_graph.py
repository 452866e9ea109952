"""The evaluation graph: win-% axis, White's area below the curve, marks on judged moves, click to jump.

Main thread; assembled by `windows`. Points in, `ply_clicked` and `stepped` out. Positions without a score are gaps, so
a game that is being analysed draws itself from its last move backwards while one looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.tokens import GRID, RADIUS, Mark
from desktop_app.ui.widgets.marks import WORDS, paint_dot
from desktop_app.ui.widgets.scores import score_text, score_words, white_share
from desktop_app.ui.widgets.wheel import WheelSteps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QWheelEvent

    from desktop_app.domain.evaluation import Score
    from desktop_app.domain.judgement import Judgement

_MARGIN = 6.0


@dataclass(frozen=True, slots=True)
class PlyPoint:
    """One position on the graph.

    Attributes:
        ply: 0 for the start position.
        score: White's side, None while it is not evaluated.
        label: the move that led here, as printed ("19. Rad1").
        judgement: our verdict on that move.
        provisional: may still change; drawn faded.
        doubtful: our verdict is not certain; its mark is a ring.
        file_score: what the game's file said of it, drawn as a thin line of its own; None without.
    """

    ply: int
    score: Score | None
    label: str = ""
    judgement: Judgement | None = None
    provisional: bool = False
    doubtful: bool = False
    file_score: Score | None = None


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """Where a phase begins, with its name."""

    ply: int
    name: str


class EvalGraph(QWidget):
    """The graph of one game.

    Signals:
        ply_clicked(int): a place was clicked or reached by keyboard; 0 is the start position.
        stepped(int): the wheel asks to go that many plies forward (down) or back.
    """

    ply_clicked = Signal(int)
    stepped = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: tuple[PlyPoint, ...] = ()
        self._phases: tuple[PhaseLine, ...] = ()
        self._current = 0
        self._hovered: int | None = None
        self._cache: tuple[object, QPixmap] | None = None
        self._version = 0
        self._wheel = WheelSteps()
        self.setMouseTracking(True)
        self.setMinimumSize(160, 72)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Evaluation graph")

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(560, 132)

    def set_points(self, points: Sequence[PlyPoint]) -> None:
        """Shows a game: one point per ply, 0 to the last, in order; an empty list shows the skeleton."""
        self._points = tuple(points)
        self._changed()

    def update_point(self, point: PlyPoint) -> None:
        """Puts a new fact into one place; a ply the graph does not have is passed over."""
        if 0 <= point.ply < len(self._points):
            self._points = (*self._points[: point.ply], point, *self._points[point.ply + 1 :])
            self._changed()

    def set_phases(self, phases: Sequence[PhaseLine]) -> None:
        """Dashed lines where middlegame and endgame begin."""
        self._phases = tuple(phases)
        self._changed()

    def set_current_ply(self, ply: int) -> None:
        """Moves the cursor line."""
        self._current = ply
        self._describe()
        self.update()

    def _changed(self) -> None:
        self._version += 1
        self._describe()
        self.update()

    def _describe(self) -> None:
        known = sum(point.score is not None for point in self._points)
        here = self._points[self._current] if self._current < len(self._points) else None
        place = f"{here.label or 'Start position'}: {score_words(here.score)}. " if here else ""
        self.setAccessibleDescription(f"{place}{known} of {len(self._points)} positions evaluated.")

    # -- geometry ---------------------------------------------------------------------------------------------------

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)

    def x_of(self, ply: int) -> float:
        """Where a ply is, in this widget's coordinates."""
        area = self._area()
        return area.left() + area.width() * ply / max(1, len(self._points) - 1)

    def _y_of(self, score: Score | None) -> float:
        area = self._area()
        return area.bottom() - area.height() * white_share(score)

    def ply_at(self, x: float) -> int | None:
        """The ply nearest to a place, None when there is no game."""
        if not self._points:
            return None
        area = self._area()
        share = (x - area.left()) / max(1.0, area.width())
        return max(0, min(len(self._points) - 1, round(share * (len(self._points) - 1))))

    # -- painting ---------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The curve comes from a cache; cursor and hover are painted over it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPixmap(0, 0, self._curve_pixmap())
        if self._points:
            self._paint_cursor(painter)
            if self._hovered is not None:
                self._paint_hover(painter, self._points[self._hovered])
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.tokens().accent), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS, RADIUS)
        painter.end()

    def _curve_pixmap(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        key = (self._version, self.width(), self.height(), ratio, theme.tokens().name)
        if self._cache is None or self._cache[0] != key:
            pixmap = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_curve(painter)
            painter.end()
            self._cache = (key, pixmap)
        return self._cache[1]

    def _paint_curve(self, painter: QPainter) -> None:
        look, area = theme.tokens(), self._area()
        frame = QPainterPath()
        frame.addRoundedRect(area.adjusted(-4, -4, 4, 4), RADIUS, RADIUS)
        painter.fillPath(frame, QColor(look.sunken))
        runs = self._runs()
        painter.save()
        painter.setClipPath(frame)
        for run in runs:
            self._paint_run(painter, run)
        painter.restore()
        painter.setPen(QPen(theme.colour(look.accent, 0.5 if runs else 0.2), 1, Qt.PenStyle.SolidLine))
        painter.drawLine(QPointF(area.left() - 4, area.center().y()), QPointF(area.right() + 4, area.center().y()))
        self._paint_phases(painter)
        self._paint_file_line(painter)
        for point in self._points:
            if point.judgement is not None and point.score is not None:
                centre = QPointF(self.x_of(point.ply), self._y_of(point.score))
                painter.setOpacity(0.55 if point.provisional else 1.0)
                paint_dot(painter, centre, self._dot_radius(), point.judgement, ground=look.surface)
                if point.doubtful:
                    painter.setBrush(QColor(look.surface))
                    painter.setPen(Qt.PenStyle.NoPen)
                    painter.drawEllipse(centre, self._dot_radius() * 0.5, self._dot_radius() * 0.5)
        painter.setOpacity(1.0)
        if not runs and all(point.file_score is None for point in self._points):
            self._paint_skeleton(painter)

    def _dot_radius(self) -> float:
        return 3.6 if len(self._points) < 160 else 2.8

    def _runs(self) -> list[list[PlyPoint]]:
        """Stretches of neighbouring evaluated positions."""
        runs: list[list[PlyPoint]] = []
        open_run = False
        for point in self._points:
            if point.score is None:
                open_run = False
            elif open_run:
                runs[-1].append(point)
            else:
                runs.append([point])
                open_run = True
        return runs

    def _paint_run(self, painter: QPainter, run: list[PlyPoint]) -> None:
        look, area = theme.tokens(), self._area().adjusted(-4, -4, 4, 4)
        line = [QPointF(self.x_of(point.ply), self._y_of(point.score)) for point in run]
        left = area.left() if run[0].ply == 0 else line[0].x() - 1
        right = area.right() if run[-1].ply == len(self._points) - 1 else line[-1].x() + 1
        line = [QPointF(left, line[0].y()), *line, QPointF(right, line[-1].y())]
        painter.fillRect(QRectF(QPointF(left, area.top()), QPointF(right, area.bottom())), QColor(look.graph_black))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.graph_white))
        painter.drawPolygon(QPolygonF([*line, QPointF(right, area.bottom()), QPointF(left, area.bottom())]))
        painter.setPen(QPen(QColor(look.border_strong), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(line))

    def _paint_file_line(self, painter: QPainter) -> None:
        """What the file said: another engine's, so that it never looks like ours."""
        painter.setPen(QPen(theme.colour(theme.tokens().accent, 0.75), 1.2, Qt.PenStyle.DotLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        run: list[QPointF] = []
        for point in (*self._points, PlyPoint(0, None)):
            if point.file_score is not None:
                run.append(QPointF(self.x_of(point.ply), self._y_of(point.file_score)))
            elif run:
                painter.drawPolyline(QPolygonF(run))
                run = []

    def _paint_phases(self, painter: QPainter) -> None:
        look, area = theme.tokens(), self._area()
        font = theme.ui_font(0.78)
        painter.setFont(font)
        for phase in self._phases:
            x = self.x_of(phase.ply)
            painter.setPen(QPen(theme.colour(look.accent, 0.6), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, area.top() - 4), QPointF(x, area.bottom() + 4))
            self._paint_tag(painter, QPointF(x + 4, area.top() - 1), phase.name[:1].upper() + phase.name[1:])

    def _paint_tag(self, painter: QPainter, corner: QPointF, text: str) -> None:
        look = theme.tokens()
        metrics = painter.fontMetrics()
        box = QRectF(corner.x(), corner.y(), metrics.horizontalAdvance(text) + 8, metrics.height() + 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(look.surface, 0.82))
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(QColor(look.text_2))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_skeleton(self, painter: QPainter) -> None:
        look, area = theme.tokens(), self._area()
        painter.setFont(theme.ui_font(0.92))
        painter.setPen(QColor(look.text_3))
        text = "Not analysed yet" if self._points else "No game"
        box = area.adjusted(0, 0, 0, -area.height() / 2)
        painter.drawText(box, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_cursor(self, painter: QPainter) -> None:
        look, area = theme.tokens(), self._area()
        if self._current >= len(self._points):
            return
        x = self.x_of(self._current)
        painter.setPen(QPen(QColor(look.accent), 2))
        painter.drawLine(QPointF(x, area.top() - 4), QPointF(x, area.bottom() + 4))
        point = self._points[self._current]
        if point.score is not None and point.judgement is None:
            painter.setBrush(QColor(look.accent))
            painter.setPen(QPen(QColor(look.surface), 1.5))
            painter.drawEllipse(QPointF(x, self._y_of(point.score)), 4, 4)
        elif point.score is not None and point.judgement is not None:
            paint_dot(
                painter,
                QPointF(x, self._y_of(point.score)),
                self._dot_radius() + 1.6,
                point.judgement,
                ground=look.surface,
            )

    def hover_text(self, point: PlyPoint) -> str:
        """What the hover card says of a position."""
        verdict = f"  {WORDS[Mark(point.judgement.value)]}" if point.judgement else ""
        change = "  may still change" if point.provisional and point.judgement else ""
        doubt = change or ("  not certain" if point.doubtful and point.judgement else "")
        theirs = f"   in the file: {score_text(point.file_score)}" if point.file_score is not None else ""
        return f"{point.label or 'Start'}   {score_text(point.score) or 'not evaluated'}{verdict}{doubt}{theirs}"

    def _paint_hover(self, painter: QPainter, point: PlyPoint) -> None:
        look, area = theme.tokens(), self._area()
        x = self.x_of(point.ply)
        painter.setPen(QPen(theme.colour(look.text_3, 0.9), 1))
        painter.drawLine(QPointF(x, area.top() - 4), QPointF(x, area.bottom() + 4))
        painter.setFont(theme.ui_font(0.92))
        text = self.hover_text(point)
        metrics = painter.fontMetrics()
        width, height = metrics.horizontalAdvance(text) + 2 * GRID, metrics.height() + GRID
        left = max(2.0, min(x - width / 2, self.width() - width - 2.0))
        top = area.bottom() - height if self._y_of(point.score) < area.center().y() else area.top()
        box = QRectF(left, top, width, height)
        painter.setPen(QPen(QColor(look.border_strong), 1))
        painter.setBrush(QColor(look.raised))
        painter.drawRoundedRect(box, RADIUS, RADIUS)
        painter.setPen(QColor(theme.mark_colours(point.judgement).ink if point.judgement else look.text))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    # -- gestures ---------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Goes to the nearest ply."""
        self._go_to(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Shows what is under the pointer; with the button down, scrubs through the game."""
        self._hovered = self.ply_at(event.position().x())
        if event.buttons() & Qt.MouseButton.LeftButton and self._hovered != self._current:
            self._go_to(event)
        self.update()

    def _go_to(self, event: QMouseEvent) -> None:
        ply = self.ply_at(event.position().x())
        if ply is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self.ply_clicked.emit(ply)

    def leaveEvent(self, event: QEvent) -> None:
        """Takes the hover card away."""
        self._hovered = None
        self.update()
        super().leaveEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Down is forward, as over the board."""
        steps = self._wheel.add(event)
        if steps:
            self.stepped.emit(steps)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, Home and End move through the game while the graph has the focus."""
        last = len(self._points) - 1
        moves = {
            Qt.Key.Key_Left: self._current - 1,
            Qt.Key.Key_Right: self._current + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        target = moves.get(Qt.Key(event.key()))
        if target is None or last < 0:
            event.ignore()
        else:
            self.ply_clicked.emit(max(0, min(last, target)))

    def changeEvent(self, event: QEvent) -> None:
        """Repaints in the new theme's colours."""
        if event.type() in {QEvent.Type.PaletteChange, QEvent.Type.FontChange}:
            self._version += 1
            self.update()
        super().changeEvent(event)
