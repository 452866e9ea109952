"""Chips that count judged moves: clickable in the summary, painted in tables. Main thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.tokens import GLYPHS, RADIUS, Mark
from desktop_app.ui.widgets.marks import WORDS

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from desktop_app.domain.judgement import Judgement

_PLURALS = {Mark.INACCURACY: "inaccuracies", Mark.MISTAKE: "mistakes", Mark.BLUNDER: "blunders"}


def _count_font() -> QFont:
    return theme.ui_font(0.9, QFont.Weight.DemiBold)


def count_width(judgement: Judgement, count: int) -> float:
    """How wide `paint_count` would paint."""
    return QFontMetricsF(_count_font()).horizontalAdvance(f"{count}{GLYPHS[Mark(judgement.value)]}")


def paint_count(painter: QPainter, box: QRectF, judgement: Judgement, count: int) -> float:
    """A count with its glyph ("2??") at the left of `box`; returns the width used."""
    look = theme.tokens()
    kind = Mark(judgement.value)
    painter.setFont(_count_font())
    text = f"{count}{GLYPHS[kind]}"
    width = count_width(judgement, count)
    painter.setPen(QColor(theme.mark_colours(kind).ink if count else look.disabled))
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)
    return width


class CountChip(QAbstractButton):
    """A button such as "3 ??"; switched off at zero, a dash while unknown."""

    def __init__(self, judgement: Judgement, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind = Mark(judgement.value)
        self._count: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def set_count(self, count: int | None, *, owner: str) -> None:
        """Shows a count; None while it is not known."""
        self._count = count
        self.setEnabled(bool(count))
        self.setCursor(Qt.CursorShape.PointingHandCursor if count else Qt.CursorShape.ArrowCursor)
        words = WORDS[self._kind] if count == 1 else _PLURALS[self._kind]
        said = "not known yet" if count is None else str(count)
        self.setAccessibleName(f"{owner}'s {words}: {said}")
        self.setToolTip(f"{count} {words}: click to walk through them" if count else words.capitalize())
        self.updateGeometry()
        self.update()

    def _texts(self) -> tuple[str, str]:
        return ("\u2013" if self._count is None else str(self._count)), GLYPHS[self._kind]

    def sizeHint(self) -> QSize:
        """Room for number and glyph."""
        metrics = QFontMetricsF(theme.ui_font(1.0, QFont.Weight.Bold))
        number, glyph = self._texts()
        return QSize(round(metrics.horizontalAdvance(number) + metrics.horizontalAdvance(glyph)) + 18, 26)

    def minimumSizeHint(self) -> QSize:
        """The same: a chip is never cut."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A soft ground in the mark's colour, the number, the glyph."""
        look, colours = theme.tokens(), theme.mark_colours(self._kind)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        some = bool(self._count)
        strength = 0.30 if self.underMouse() or self.isDown() else 0.15
        painter.setBrush(theme.blend(look.surface, colours.fill, strength) if some else QColor(look.sunken))
        painter.setPen(QPen(QColor(look.accent), 1.5) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.drawRoundedRect(box, RADIUS, RADIUS)
        number, glyph = self._texts()
        font = theme.ui_font(1.0, QFont.Weight.Bold)
        metrics = QFontMetricsF(font)
        total = metrics.horizontalAdvance(number) + metrics.horizontalAdvance(glyph) + 3
        left = (self.width() - total) / 2
        painter.setFont(font)
        painter.setPen(QColor(look.text if some else look.text_3))
        painter.drawText(QRectF(left, 0, self.width(), self.height()), Qt.AlignmentFlag.AlignVCenter, number)
        painter.setPen(QColor(colours.ink if some else look.text_3))
        left += metrics.horizontalAdvance(number) + 3
        painter.drawText(QRectF(left, 0, self.width(), self.height()), Qt.AlignmentFlag.AlignVCenter, glyph)
        painter.end()
