"""Widget tests run in the light theme, without motion, and leave no look behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_app.ui.runtime import theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication


@pytest.fixture(autouse=True)
def _light(qapp: QApplication) -> Iterator[None]:
    before = qapp.palette(), qapp.styleSheet()
    theme.apply(qapp, theme.ThemeChoice.LIGHT, reduced_motion=True)
    yield
    qapp.setStyleSheet(before[1])
    qapp.setPalette(before[0])
