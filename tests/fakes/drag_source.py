"""A second process that offers files for a real XDND drop: a small window; press the mouse on it and drag.

Run as `python drag_source.py X Y FILE...`; prints "ready" once the window stands, "dropped ACTION" when it ended.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel


class Source(QLabel):
    """A label that can be dragged away as a list of file URLs."""

    def __init__(self, files: list[str]) -> None:
        super().__init__("drag me")
        self._files = files

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Start the drag on the first move with the button down."""
        if not event.buttons() & Qt.MouseButton.LeftButton:
            return
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(Path(name).resolve())) for name in self._files])
        drag = QDrag(self)
        drag.setMimeData(data)
        action = drag.exec(Qt.DropAction.CopyAction)
        sys.stdout.write(f"dropped {action.name}\n")
        sys.stdout.flush()


def main() -> int:
    """Show the window at the given place and wait to be ended by the test."""
    app = QApplication(sys.argv[:1])
    source = Source(sys.argv[3:])
    source.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint)
    source.setGeometry(int(sys.argv[1]), int(sys.argv[2]), 120, 60)
    source.show()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
