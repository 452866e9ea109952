"""Buttons under the board: start, back, forward, end, next error, flip. Main thread; requests out."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from desktop_app.ui.runtime.icons import icon

_BUTTONS = (
    ("first", "Start of the game (Home)"),
    ("prev", "Previous move (Left)"),
    ("next", "Next move (Right)"),
    ("last", "End of the game (End)"),
)


class Transport(QWidget):
    """The transport bar.

    Signals:
        first_requested, previous_requested, next_requested, last_requested: go there.
        next_error_requested: go to the next judged move.
        flip_requested: turn the board round.
    """

    first_requested = Signal()
    previous_requested = Signal()
    next_requested = Signal()
    last_requested = Signal()
    next_error_requested = Signal()
    flip_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: dict[str, QToolButton] = {}
        self._place = QLabel()
        self._place.setProperty("strength", "2")
        self._place.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._place.setMinimumWidth(72)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._button("flip", "Flip the board (F)"))
        layout.addStretch(1)
        for name, tip in _BUTTONS[:2]:
            layout.addWidget(self._button(name, tip))
        layout.addWidget(self._place)
        for name, tip in _BUTTONS[2:]:
            layout.addWidget(self._button(name, tip))
        layout.addStretch(1)
        layout.addWidget(self._button("warning", "Next inaccuracy, mistake or blunder"))
        signals = {
            "first": self.first_requested,
            "prev": self.previous_requested,
            "next": self.next_requested,
            "last": self.last_requested,
            "warning": self.next_error_requested,
            "flip": self.flip_requested,
        }
        for name, signal in signals.items():
            self._buttons[name].clicked.connect(signal)
        self.set_place(0, 0)
        self._tint()

    def _button(self, name: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setIconSize(QSize(20, 20))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAutoRepeat(name in {"prev", "next"})
        self._buttons[name] = button
        return button

    def set_place(self, ply: int, plies: int, *, errors: bool = False) -> None:
        """Where in the game we are; switches off what leads nowhere. `errors`: is there a judged move further on."""
        self._place.setText(f"{ply} / {plies}" if plies else "")
        for name in ("first", "prev"):
            self._buttons[name].setEnabled(ply > 0)
        for name in ("next", "last"):
            self._buttons[name].setEnabled(ply < plies)
        self._buttons["warning"].setEnabled(errors)

    def _tint(self) -> None:
        for name, button in self._buttons.items():
            button.setIcon(icon(name))

    def changeEvent(self, event: QEvent) -> None:
        """Draws the icons in the new theme's colours."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._tint()
