"""Lines of play as cards: what should have been played, and what the played move allows. Main thread.

Each move is a link: hovering previews, clicking (or the card's button) plays. Frozen `LineCard`s in, `line_step` out.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.icons import icon
from desktop_app.ui.runtime.tokens import GRID
from desktop_app.ui.widgets.scores import figurine, score_text, score_words, white_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from desktop_app.domain.evaluation import Score


class LineRole(StrEnum):
    """What a line is about; gives the card its edge's colour."""

    BEST = "best"
    REFUTATION = "refutation"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class LineMove:
    """One move: SAN and the number printed before it ("19.", "19…" or nothing)."""

    san: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class LineCard:
    """A line: `line_id` comes back in signals; `title` says what it is ("Best was Be4"); score from White's side."""

    line_id: str
    title: str
    role: LineRole
    score: Score | None
    moves: tuple[LineMove, ...]
    detail: str = ""


class ScoreBadge(QWidget):
    """A score in fixed-width digits on the colour of the side that is better."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._score: Score | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_score(self, score: Score | None) -> None:
        """Shows a score from White's side."""
        self._score = score
        self.setAccessibleName(score_words(score))
        self.setToolTip(score_words(score))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Room for the longest usual score, so that badges line up."""
        metrics = QFontMetricsF(theme.mono_font(0.95, QFont.Weight.Bold))
        text = score_text(self._score)
        return QSize(round(max(metrics.horizontalAdvance("+0.00"), metrics.horizontalAdvance(text))) + 12, 22)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A pill, white or black."""
        look = theme.tokens()
        white_better = white_share(self._score) >= 0.5
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(look.border_strong))
        painter.setBrush(QColor(look.white_side if white_better else look.black_side))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setFont(theme.mono_font(0.95, QFont.Weight.Bold))
        painter.setPen(QColor(look.on_white_side if white_better else look.on_black_side))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, score_text(self._score) or "\u2013")
        painter.end()


class _Card(QFrame):
    """One line's card."""

    step = Signal(str, int)
    hovered = Signal(str, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", "card")
        self._line = LineCard("", "", LineRole.ENGINE, None, ())
        self._current = -1
        self._figurines = True
        self._title = QLabel()
        self._title.setProperty("strength", "title")
        self._title.setWordWrap(True)
        self._detail = QLabel()
        self._detail.setProperty("strength", "3")
        self._badge = ScoreBadge()
        self._play = QToolButton()
        self._play.setIconSize(QSize(18, 18))
        self._play.setToolTip("Play the next move of this line")
        self._play.setAccessibleName("Play the next move of this line")
        self._moves = QLabel()
        self._moves.setWordWrap(True)
        self._moves.setTextFormat(Qt.TextFormat.RichText)
        self._moves.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self._moves.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the game
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self._badge)
        head.addWidget(self._title, 1)
        head.addWidget(self._detail)
        head.addWidget(self._play)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID + 6, GRID, GRID, GRID)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addWidget(self._moves)
        self._moves.linkActivated.connect(self._on_link)
        self._moves.linkHovered.connect(self._on_hover)
        self._play.clicked.connect(self._on_play)

    def show_line(self, line: LineCard, current: int, *, figurines: bool) -> None:
        """Fills the card."""
        self._line, self._current, self._figurines = line, current, figurines
        self._title.setText(figurine(line.title) if figurines else line.title)
        self._title.setAccessibleName(line.title)
        self._detail.setText(line.detail)
        self._detail.setVisible(bool(line.detail))
        self._badge.set_score(line.score)
        self.refresh()

    def refresh(self) -> None:
        """Writes the moves in the theme's colours."""
        look = theme.tokens()
        parts = []
        for index, move in enumerate(self._line.moves):
            san = html.escape(figurine(move.san) if self._figurines else move.san)
            number = f'<span style="color:{look.text_3}">{html.escape(move.number)}</span>&nbsp;' if move.number else ""
            ground = f"background-color:{look.accent_soft};" if index == self._current else ""
            parts.append(f'{number}<a href="{index}" style="color:{look.text};text-decoration:none;{ground}">{san}</a>')
        self._moves.setText(" ".join(parts))
        self._play.setIcon(icon("play"))
        self._play.setEnabled(self._current + 1 < len(self._line.moves))
        self.update()

    def _on_link(self, link: str) -> None:
        self.step.emit(self._line.line_id, int(link))

    def _on_hover(self, link: str) -> None:
        self.hovered.emit(self._line.line_id, int(link) if link else -1)

    def _on_play(self) -> None:
        self.step.emit(self._line.line_id, self._current + 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The card's own frame, and an edge that says what the line is."""
        super().paintEvent(event)
        look = theme.tokens()
        tint = {
            LineRole.BEST: look.board.best_arrow,
            LineRole.REFUTATION: look.board.refutation_arrow,
            LineRole.ENGINE: look.border_strong,
        }[self._line.role]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tint))
        painter.drawRoundedRect(QRectF(5, GRID, 3, self.height() - 2 * GRID), 1.5, 1.5)
        painter.end()


class LinesPanel(QWidget):
    """Cards under each other, and a sentence where there are none.

    Signals:
        line_step(str, int): play the line up to and including that move (index from 0).
        line_hovered(str, int): the pointer is over that move; -1 when it left.
    """

    line_step = Signal(str, int)
    line_hovered = Signal(str, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards: list[_Card] = []
        self._lines: tuple[LineCard, ...] = ()
        self._current: tuple[str, int] = ("", -1)
        self._figurines = True
        self._empty = QLabel()
        self._empty.setWordWrap(True)
        self._empty.setProperty("strength", "3")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(GRID, GRID, GRID, GRID)
        self._layout.setSpacing(GRID)
        self._layout.addWidget(self._empty)
        self._layout.addStretch(1)
        self.setAccessibleName("Lines")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.set_lines(())

    def set_lines(self, lines: Sequence[LineCard], *, empty: str = "No better line here.") -> None:
        """Shows these lines; `empty` is the sentence where there is none."""
        self._lines = tuple(lines)
        self._empty.setText(empty)
        self._empty.setVisible(not lines)
        while len(self._cards) < len(lines):
            card = _Card()
            card.step.connect(self.line_step)
            card.hovered.connect(self.line_hovered)
            self._layout.insertWidget(len(self._cards) + 1, card)
            self._cards.append(card)
        self._fill()

    def set_current(self, line_id: str, index: int) -> None:
        """Highlights the move of a line the board stands at; index -1 for none."""
        self._current = (line_id, index)
        self._fill()

    def set_figurines(self, *, shown: bool) -> None:
        """Figurines or letters for the pieces."""
        self._figurines = shown
        self._fill()

    def _fill(self) -> None:
        for index, card in enumerate(self._cards):
            if index >= len(self._lines) and card.isAncestorOf(QApplication.focusWidget() or self):
                self.setFocus()  # else Qt hands the focus of a hidden card to any field that takes text
            card.setVisible(index < len(self._lines))
            if index < len(self._lines):
                line = self._lines[index]
                current = self._current[1] if line.line_id == self._current[0] else -1
                card.show_line(line, current, figurines=self._figurines)

    def changeEvent(self, event: QEvent) -> None:
        """Writes the moves in the new theme's colours."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            for card in self._cards:
                card.refresh()
