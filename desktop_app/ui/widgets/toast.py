"""Toasts: short news at the window's bottom, with one action where there is one. Main thread; never modal.

`ToastStack(parent).show_toast(...)`; a toast leaves by itself unless the pointer rests on it; a warning (which may tell
of games that were refused) and an error stay until somebody closes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.icons import icon
from desktop_app.ui.runtime.tokens import GRID, RADIUS

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QEnterEvent, QHideEvent, QPaintEvent, QShowEvent

_MOST = 3
_SHOWN_MS = 6000
_WIDEST = 560
_MOVES = frozenset({QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show, QEvent.Type.Hide})


class ToastKind(StrEnum):
    """What kind of news it is; decides icon and colour."""

    INFO = "info"
    DONE = "done"
    WARNING = "warning"
    ERROR = "error"


_ICONS = {
    ToastKind.INFO: "info",
    ToastKind.DONE: "check",
    ToastKind.WARNING: "warning",
    ToastKind.ERROR: "warning",
}


@dataclass(frozen=True, slots=True)
class ToastNews:
    """A message, with up to two actions whose ids come back in `action_clicked`; `withdraw` knows it by its `key`."""

    text: str
    kind: ToastKind = ToastKind.INFO
    action_text: str = ""
    action_id: str = ""
    second_text: str = ""
    second_id: str = ""
    key: object = None

    @property
    def lasting(self) -> bool:
        """Whether it stays until it is closed: what went wrong must not pass unread."""
        return self.kind in {ToastKind.WARNING, ToastKind.ERROR}


class Toast(QWidget):
    """One piece of news.

    Signals:
        closed(): it has left, by itself or because it was closed.
        action_clicked(str): its action was chosen (it leaves then).
    """

    closed = Signal()
    action_clicked = Signal(str)

    def __init__(self, news: ToastNews, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.news = news
        self._icon = QLabel()
        self._text = text = QLabel(news.text)
        self._close = QToolButton()
        self._close.setAccessibleName("Close")
        self._close.setIconSize(QSize(16, 16))
        self._close.clicked.connect(self.dismiss)
        self._row = layout = QHBoxLayout(self)
        layout.setContentsMargins(GRID + 6, GRID, 6, GRID)
        layout.setSpacing(GRID)
        layout.addWidget(self._icon)
        layout.addWidget(text, 1)
        self._buttons = [
            self._action_button(label, action_id)
            for label, action_id in ((news.action_text, news.action_id), (news.second_text, news.second_id))
            if label
        ]
        for button in self._buttons:
            layout.addWidget(button)
        layout.addWidget(self._close)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.fit(_WIDEST)
        self.setAccessibleName(news.text)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SHOWN_MS)
        self._timer.timeout.connect(self.dismiss)
        self._tint()

    def fit(self, room: int) -> None:
        """Is no wider than `room` pixels; a text that needs more than one line is broken."""
        others = 96 + sum(button.sizeHint().width() + GRID for button in self._buttons)
        wanted = self._text.fontMetrics().horizontalAdvance(self.news.text) + others
        most = min(_WIDEST, room)
        self._text.setWordWrap(wanted > most)
        self.setMaximumWidth(most)
        self.setMinimumWidth(min(most, wanted))
        # A broken text needs the height of the width it gets; a layout that aligns it would give it any.
        row = self._row
        self.setFixedHeight(row.heightForWidth(most) if wanted > most else row.sizeHint().height())

    def dismiss(self) -> None:
        """Leaves."""
        self._timer.stop()
        self.closed.emit()

    def _action_button(self, text: str, action_id: str) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("role", "quiet")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # it leaves when clicked, and would take the keys along
        button.clicked.connect(lambda: self._on_action(action_id))
        return button

    def _on_action(self, action_id: str) -> None:
        self.action_clicked.emit(action_id)
        self.dismiss()

    def _ink(self) -> str:
        look = theme.tokens()
        return {
            ToastKind.INFO: look.accent,
            ToastKind.DONE: look.success,
            ToastKind.WARNING: look.warning,
            ToastKind.ERROR: look.danger,
        }[self.news.kind]

    def _tint(self) -> None:
        ratio = self.devicePixelRatioF()
        self._icon.setPixmap(icon(_ICONS[self.news.kind], self._ink()).pixmap(QSize(18, 18), ratio))
        self._close.setIcon(icon("cancel"))

    def enterEvent(self, event: QEnterEvent) -> None:
        """Waits while it is being read."""
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Goes on counting."""
        if not self.news.lasting:
            self._timer.start()
        super().leaveEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Starts counting."""
        if not self.news.lasting:
            self._timer.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """Stops counting: nobody can see it."""
        self._timer.stop()
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Draws the icons in the new theme's colours."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_icon"):
            self._tint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A raised card with an edge in the kind's colour."""
        look = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(look.border_strong), 1))
        painter.setBrush(QColor(look.raised))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._ink()))
        painter.drawRoundedRect(QRectF(4, 8, 3, self.height() - 16), 1.5, 1.5)
        painter.end()


class ToastStack(QWidget):
    """Up to three toasts above each other at the bottom left of its parent, or of what `stay_in` says.

    When there are more the oldest goes, of those first that would leave by themselves. Nothing that passes drives out
    what stays: it is shown as a fourth. What stays is shown once, however often it is said.

    Signals:
        action_clicked(str): the action of a toast was chosen.
    """

    action_clicked = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._toasts: list[Toast] = []
        self._room: Callable[[], QRect] = parent.rect
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(GRID)
        parent.installEventFilter(self)
        self.hide()

    def stay_in(self, room: Callable[[], QRect], *followed: QWidget) -> None:
        """Keep within this rectangle of the parent; it is asked for again whenever one of `followed` changes."""
        self._room = room
        for widget in followed:
            widget.installEventFilter(self)
        self._place()

    def show_toast(self, news: ToastNews) -> Toast:
        """Shows a piece of news and returns its widget."""
        for same in [one for one in self._toasts if news.lasting and one.news.text == news.text]:
            same.dismiss()
        while len(self._toasts) >= _MOST and (leaving := self._first_to_go(news)) is not None:
            leaving.dismiss()
        toast = Toast(news, self)
        toast.closed.connect(self._on_closed)
        toast.action_clicked.connect(self.action_clicked)
        self._toasts.append(toast)
        self._layout.addWidget(toast, 0, Qt.AlignmentFlag.AlignLeft)
        toast.show()
        self.show()
        self.raise_()
        self._place()
        return toast

    def _first_to_go(self, news: ToastNews) -> Toast | None:
        """Which toast makes room for `news`; None where it may not drive out any."""
        passing = [toast for toast in self._toasts if not toast.news.lasting]
        if passing:
            return passing[0]
        return self._toasts[0] if news.lasting else None

    def withdraw(self, key: object) -> None:
        """Take back the news of this key, where it is still shown: it holds no longer."""
        for toast in self.toasts():
            if toast.news.key is key:
                toast.dismiss()

    def toasts(self) -> list[Toast]:
        """Those that are shown, oldest first."""
        return list(self._toasts)

    def _on_closed(self) -> None:
        toast = self.sender()
        if isinstance(toast, Toast) and toast in self._toasts:
            self._toasts.remove(toast)
            self._layout.removeWidget(toast)
            toast.hide()
            toast.deleteLater()
        self.setVisible(bool(self._toasts))
        self._place()

    def _place(self) -> None:
        if not self._toasts:
            return
        room = self._room().adjusted(GRID, GRID, -GRID, -GRID)
        for toast in self._toasts:
            toast.fit(room.width())
        self._layout.activate()
        size = self.sizeHint()
        width = min(size.width(), max(0, room.width()))
        height = max(size.height(), self._layout.heightForWidth(width))
        self.setGeometry(room.left(), max(0, room.bottom() + 1 - height), width, height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keeps to its corner."""
        if event.type() in _MOVES:
            self._place()
        return super().eventFilter(watched, event)
