"""The eval bar beside the board: White's share at White's end. Main thread; a score in, nothing out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEasingCurve, QRectF, QSize, Qt, QVariantAnimation
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.tokens import NEWS_MS
from desktop_app.ui.widgets.scores import MINUS, score_words, short_score, white_share

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from desktop_app.domain.evaluation import Score

_WIDTH = 28
_SMALLEST_PX = 7


class EvalBar(QWidget):
    """A vertical bar; unknown scores leave it grey, provisional ones are faded."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._score: Score | None = None
        self._share = 0.5
        self._flipped = False
        self._provisional = False
        self._motion = QVariantAnimation(self)
        self._motion.setDuration(NEWS_MS)
        self._motion.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._motion.valueChanged.connect(self._on_motion)
        self.setFixedWidth(_WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Evaluation")
        self.setAccessibleDescription(score_words(None))

    def sizeHint(self) -> QSize:
        """As narrow as its number allows."""
        return QSize(_WIDTH, 560)

    def set_score(self, score: Score | None, *, provisional: bool = False) -> None:
        """Shows a score from White's side; None while the position is not evaluated."""
        self._score, self._provisional = score, provisional
        words = score_words(score)
        self.setAccessibleDescription(words)
        self.setToolTip(words[:1].upper() + words[1:])
        self._motion.stop()
        target = white_share(score)
        if theme.motion_allowed() and self.isVisible() and target != self._share:
            self._motion.setStartValue(self._share)
            self._motion.setEndValue(target)
            self._motion.start()
        else:
            self._share = target
        self.update()

    def set_flipped(self, *, flipped: bool) -> None:
        """Puts White's end at the top (flipped) or at the bottom."""
        self._flipped = flipped
        self.update()

    def white_rect(self) -> QRectF:
        """The part that is White's at this moment."""
        height = self.height() * self._share
        top = 0.0 if self._flipped else self.height() - height
        return QRectF(0, top, self.width(), height)

    def _on_motion(self, value: object) -> None:
        self._share = float(value) if isinstance(value, float) else self._share
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Two areas, a hairline in the middle, the number at the better side's end."""
        look = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        clip = QPainterPath()
        clip.addRoundedRect(QRectF(self.rect()), 4, 4)
        painter.setClipPath(clip)
        if self._score is None:
            painter.fillRect(self.rect(), QColor(look.skeleton))
            painter.end()
            return
        painter.setOpacity(0.6 if self._provisional else 1.0)
        painter.fillRect(self.rect(), QColor(look.black_side))
        painter.fillRect(self.white_rect(), QColor(look.white_side))
        middle = self.height() / 2
        painter.fillRect(QRectF(0, middle - 0.5, self.width(), 1), theme.colour(look.accent, 0.55))
        painter.setOpacity(1.0)
        self._paint_number(painter)
        painter.setPen(theme.colour(look.border_strong, 0.8))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.end()

    def _paint_number(self, painter: QPainter) -> None:
        look = theme.tokens()
        white_better = white_share(self._score) >= 0.5
        text = short_score(self._score)
        if not white_better and text[:1] in "M0123456789" and "\u2013" not in text:
            text = MINUS + text
        font = theme.ui_font(1.0, QFont.Weight.DemiBold)
        font.setPixelSize(11)
        while QFontMetricsF(font).horizontalAdvance(text) > _WIDTH - 3 and font.pixelSize() > _SMALLEST_PX:
            font.setPixelSize(font.pixelSize() - 1)
        painter.setFont(font)
        painter.setPen(QColor(look.on_white_side if white_better else look.on_black_side))
        at_bottom = white_better != self._flipped
        edge = Qt.AlignmentFlag.AlignBottom if at_bottom else Qt.AlignmentFlag.AlignTop
        painter.drawText(self.rect().adjusted(0, 5, 0, -5), Qt.AlignmentFlag.AlignHCenter | edge, text)
