"""Ready-made filters in a menu beside the filter's field, so that nobody has to learn the words first. Main thread.

Used by `library_panel`; what they write into the field can be edited there, which is how the words are learnt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from desktop_app.ui.windows.parts import tool

if TYPE_CHECKING:
    from collections.abc import Callable

QUICK_FILTERS: tuple[tuple[str, str] | None, ...] = (
    ("All games", ""),
    None,
    ("Not analysed", "state:unanalysed"),
    ("Waiting or being analysed", "state:queued or state:in_progress"),
    ("Analysed", "state:analysed"),
    ("Failed", "state:failed"),
    None,
    ("With blunders", "blunders>=1"),
    ("A side below 70% accuracy", "accuracy<70"),
)
"""What the menu says and what it writes; None is a line between groups."""


def quick_filters(write: Callable[[str], object], parent: QWidget) -> QToolButton:
    """The button with its menu; `write` gets the filter chosen."""
    button = tool("filter", "Ready-made filters")
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    menu = QMenu(parent)
    for entry in QUICK_FILTERS:
        if entry is None:
            menu.addSeparator()
        else:
            text, words = entry
            action = menu.addAction(text)
            action.triggered.connect(lambda _checked=False, words=words: write(words))
    button.setMenu(menu)
    return button
