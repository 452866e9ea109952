"""Renders every widget with realistic data, light and dark, at 100 % and 150 %.

A script for looking, not a test: QT_QPA_PLATFORM=offscreen .venv/bin/python tests/ui/widgets/gallery.py /tmp/gallery
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from PySide6.QtWidgets import QApplication  # a script finds the project by the line above

from desktop_app.ui.runtime import theme
from tests.ui.widgets.gallery_scenes import SCENES

SCALES = ("1", "1.5")


def render(folder: Path, scale: str) -> None:
    """Renders all scenes in both themes at one scale into `folder`."""
    app = QApplication([])
    for choice in (theme.ThemeChoice.LIGHT, theme.ThemeChoice.DARK):
        theme.apply(app, choice, reduced_motion=True)
        for name, build in SCENES.items():
            widget = build()
            widget.show()
            app.sendPostedEvents()
            widget.grab()  # the first one lays out
            app.sendPostedEvents()
            target = folder / f"{name}-{choice}-{scale}.png"
            widget.grab().save(str(target))
            widget.close()
            widget.deleteLater()


def main() -> None:
    """Runs one process per scale, since Qt reads the scale at start."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "gallery")
    folder.mkdir(parents=True, exist_ok=True)
    if len(sys.argv) > 2:
        render(folder, sys.argv[2])
        return
    for scale in SCALES:
        environment = dict(os.environ, QT_SCALE_FACTOR=scale, QT_QPA_PLATFORM="offscreen")
        subprocess.run([sys.executable, __file__, str(folder), scale], env=environment, check=True)
    sys.stdout.write(f"{len(list(folder.glob('*.png')))} pictures in {folder}\n")


if __name__ == "__main__":
    main()
