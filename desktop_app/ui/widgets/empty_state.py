"""A panel with nothing in it yet: an icon, what to do next, and the button that does it. Main thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.icons import icon
from desktop_app.ui.runtime.tokens import GRID

if TYPE_CHECKING:
    from collections.abc import Sequence

_ICON = 48
_TEXT_WIDTH = 420


@dataclass(frozen=True, slots=True)
class EmptyAction:
    """A button: `action_id` comes back in `action_clicked`; one of them may be the primary one."""

    action_id: str
    text: str
    primary: bool = False
    icon: str = ""


class EmptyState(QWidget):
    """Icon, title, text, buttons, centred.

    Signals:
        action_clicked(str): a button was pressed.
    """

    action_clicked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon_name = ""
        self._error = False
        self._actions: tuple[EmptyAction, ...] = ()
        self._buttons: list[QPushButton] = []
        self._icon = QLabel()
        self._title = QLabel()
        self._title.setFont(theme.ui_font(1.35, QFont.Weight.DemiBold))
        self._text = QLabel()
        self._text.setProperty("strength", "2")
        self._code = QLabel()
        self._code.setFont(theme.mono_font(1.0))
        self._code.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._row = QHBoxLayout()
        self._row.setSpacing(GRID)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 3 * GRID, 3 * GRID, 3 * GRID)
        layout.setSpacing(GRID)
        layout.addStretch(2)
        for label in (self._icon, self._title, self._text, self._code):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label, 0, Qt.AlignmentFlag.AlignHCenter)
        for label in (self._title, self._text):
            label.setWordWrap(True)
            label.setMaximumWidth(_TEXT_WIDTH)
        layout.addSpacing(GRID)
        layout.addLayout(self._row)
        layout.addStretch(3)

    def set_content(
        self,
        icon_name: str,
        title: str,
        text: str,
        *,
        actions: Sequence[EmptyAction] = (),
        code: str = "",
        error: bool = False,
    ) -> None:
        """Fills the panel; `code` is a command the user can copy, `error` tints the icon."""
        self._icon_name, self._error, self._actions = icon_name, error, tuple(actions)
        self._title.setText(title)
        self._text.setText(text)
        self._fit_texts()
        self._code.setText(code)
        self._code.setVisible(bool(code))
        self._make_buttons()
        self._tint()

    def _fit_texts(self) -> None:
        """Width and height for every word: a centred label gets the height of its text at the whole panel's width."""
        for label in (self._title, self._text):
            label.ensurePolished()
            width = min(_TEXT_WIDTH, label.fontMetrics().horizontalAdvance(label.text()) + GRID)
            label.setMinimumWidth(width)
            label.setMinimumHeight(max(label.fontMetrics().height() + 4, label.heightForWidth(width)))

    def _make_buttons(self) -> None:
        while self._row.count():
            item = self._row.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        self._buttons = []
        self._row.addStretch(1)
        for action in self._actions:
            button = QPushButton(action.text)
            button.setProperty("role", "primary" if action.primary else "")
            button.clicked.connect(lambda _checked=False, name=action.action_id: self.action_clicked.emit(name))
            self._row.addWidget(button)
            self._buttons.append(button)
        self._row.addStretch(1)

    def buttons(self) -> list[QPushButton]:
        """The buttons, in order."""
        return list(self._buttons)

    def _tint(self) -> None:
        look = theme.tokens()
        ink = look.danger if self._error else look.accent
        if self._icon_name:
            self._icon.setPixmap(icon(self._icon_name, ink).pixmap(QSize(_ICON, _ICON), self.devicePixelRatioF()))
        for action, button in zip(self._actions, self._buttons, strict=True):
            if action.icon:
                button.setIcon(icon(action.icon, look.on_accent if action.primary else look.text_2))

    def changeEvent(self, event: QEvent) -> None:
        """Draws the icons in the new theme's colours; measures the words again in a new font."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange} and hasattr(self, "_row"):
            self._fit_texts()
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_row"):
            self._tint()
