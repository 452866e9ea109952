"""The X server of our own that end-to-end tests use: it starts, answers, and takes a real window."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
from PySide6.QtWidgets import QApplication, QLabel
app = QApplication([])
label = QLabel("e4")
label.show()
print(app.platformName())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 is Linux's")
def test_a_real_window_opens_on_it(x_display: str) -> None:
    """A process that is given the display opens a window through Qt's xcb platform: its libraries are complete."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "DISPLAY": x_display, "QT_QPA_PLATFORM": "xcb"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "xcb"), done.stderr
