"""The list of keys, under `?`. Main thread."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from desktop_app.ui.runtime import theme
from desktop_app.ui.windows.sheet import Sheet

_KEYS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "In a game",
        (
            ("← →  or wheel", "previous, next move"),
            ("Home  End", "start, end"),
            ("PgUp  PgDn", "previous, next game"),
            ("b  m  i", "next blunder, mistake, inaccuracy"),
            ("Shift + b m i", "the previous one"),
            ("F", "turn the board"),
            ("Esc", "leave a line, close a sheet"),
        ),
    ),
    (
        "Library",
        (
            ("Ctrl+O", "open files"),
            ("Ctrl+V", "paste games"),
            ("Ctrl+F", "filter by typing"),
            ("Ctrl+Shift+L", "filter by player, date …"),
            ("Ctrl+Shift+S", "keep the filter"),
            ("T", "tags of the selection"),
            ("Ctrl+Shift+N", "put into a collection"),
            ("Del  Ctrl+Z", "delete, undo"),
            ("Enter", "open the game"),
            ("Ctrl+R  F12", "analyse the selection"),
            ("Ctrl+S", "export annotated PGN"),
            ("Ctrl+C", "copy PGN"),
            ("Ctrl+Shift+C", "copy FEN"),
        ),
    ),
    (
        "Window",
        (
            ("Ctrl+L", "library"),
            ("Ctrl+\\", "collections and tags"),
            ("F11", "full screen"),
            ("Ctrl+Shift+F", "focus mode"),
            ("Ctrl+B", "batch panel"),
            ("?", "this list"),
            ("Ctrl+Q", "quit"),
        ),
    ),
)


class KeysSheet(Sheet):
    """Keys in three groups, side by side."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Keys", parent)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        for place, (title, keys) in enumerate(_KEYS):
            heading = QLabel(title)
            heading.setProperty("strength", "2")
            grid.addWidget(heading, 0, place * 3, 1, 2)
            grid.setColumnMinimumWidth(place * 3 + 2, 16)
            for row, (key, meaning) in enumerate(keys, start=1):
                name = QLabel(key)
                name.setFont(theme.mono_font(0.95))
                grid.addWidget(name, row, place * 3)
                grid.addWidget(QLabel(meaning), row, place * 3 + 1)
        close = QPushButton("Close")
        close.clicked.connect(self.close_sheet)
        self.buttons.addStretch(1)
        self.buttons.addWidget(close)
        self.box.addLayout(grid)
        self.box.addLayout(self.buttons)
