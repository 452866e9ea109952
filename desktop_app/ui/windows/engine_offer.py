"""The official build for this processor: why, how large, the button, the progress, and refreshing the list.

Main thread. Part of the engine page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QProgressBar, QPushButton, QVBoxLayout, QWidget

from desktop_app.ui.windows.parts import label

if TYPE_CHECKING:
    from desktop_app.services.engine_releases import Asset
    from desktop_app.ui.controllers.engine_controller import EngineController

_STEPS = 1000


class EngineOffer(QWidget):
    """What the processor could run, and getting it."""

    def __init__(self, engine: EngineController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._asset: Asset | None = None
        self.advice = label(wrap=True)
        self.text = label(wrap=True, strength="2")
        self.text.setTextInteractionFlags(self.text.textInteractionFlags().TextSelectableByMouse)
        self.bar = QProgressBar(minimum=0, maximum=_STEPS, textVisible=False)
        self.bar.hide()
        self.get_button = QPushButton("Download")
        self.refresh_button = QPushButton("Refresh list …")
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.text, 1)
        line.addWidget(self.refresh_button)
        line.addWidget(self.get_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        box.addWidget(self.advice)
        box.addLayout(line)
        box.addWidget(self.bar)
        self.get_button.clicked.connect(self._on_clicked)
        self.refresh_button.clicked.connect(self._on_refresh)
        engine.offered.connect(self._on_offered)
        engine.download_changed.connect(self._on_progress)
        engine.download_ended.connect(self._on_ended)

    def show_advice(self) -> None:
        """Say whether the engine in use fits the processor."""
        advice = self._engine.advice()
        self.advice.setText(advice.text if advice else "")
        self.advice.setVisible(advice is not None)

    @Slot(object)
    def _on_offered(self, asset: Asset | None) -> None:
        self._asset = asset
        self.get_button.setEnabled(asset is not None and not asset.blocked)
        if asset is None:
            self.text.setText("There is no official build for this computer in the list of releases.")
        elif asset.blocked:
            self.text.setText(f"Official build for this processor: {asset.release}, {asset.build}. {asset.blocked}")
        else:
            self.text.setText(
                f"Official build for this processor: {asset.release}, {asset.build}, {_mb(asset.size or 0)}."
            )
        self.show_advice()

    @Slot()
    def _on_clicked(self) -> None:
        if self._engine.downloading:
            self._engine.cancel_download()
        elif self._asset is not None:
            self.get_button.setText("Cancel")
            self.bar.setValue(0)
            self.bar.show()
            self._engine.download(self._asset)

    @Slot(object, object)
    def _on_progress(self, done: int, total: int) -> None:
        self.bar.setValue(done * _STEPS // max(1, total))
        self.text.setText(f"{_mb(done)} of {_mb(total)}")

    @Slot(str)
    def _on_ended(self, text: str) -> None:
        self.bar.hide()
        self.get_button.setText("Download")
        self.text.setText(text)

    @Slot()
    def _on_refresh(self) -> None:
        dialog = QInputDialog(self.window())
        dialog.setWindowTitle("Refresh the list of releases")
        dialog.setLabelText("File or https address of a newer list (releases.json):")
        dialog.textValueSelected.connect(self._engine.refresh)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _mb(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"
