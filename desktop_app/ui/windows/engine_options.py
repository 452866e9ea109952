"""All UCI options of one engine in a form: the user's to choose, and Kibitz's own shown as such. Main thread.

Opened by the engine page; nothing changes before Save, and Reset goes back to the engine's own defaults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from desktop_app.ui.windows.parts import label

if TYPE_CHECKING:
    from desktop_app.engine.options import UciOption
    from desktop_app.services.engines import EngineReport
    from desktop_app.ui.controllers.engine_controller import EngineController

_INT_MAX = 2**31 - 1


class _Field:
    """One option's widget, read and written as the text that UCI uses."""

    def __init__(self, option: UciOption, value: str) -> None:
        self.option = option
        self.widget = self._made()
        self.widget.setAccessibleName(option.name)
        self.write(value)

    def _made(self) -> QWidget:
        option = self.option
        match option.kind:
            case "check":
                return QCheckBox()
            case "button":
                return QCheckBox("Press it when the engine starts")
            case "spin":
                least = -_INT_MAX if option.least is None else option.least
                most = _INT_MAX if option.most is None else option.most
                return QSpinBox(minimum=max(-_INT_MAX, least), maximum=min(_INT_MAX, most))
            case "combo":
                choices = QComboBox()
                choices.addItems(option.choices)
                return choices
        return QLineEdit()

    @property
    def default(self) -> str:
        return "false" if self.option.kind == "button" else self.option.default

    def read(self) -> str:
        """What is chosen now."""
        match self.widget:
            case QCheckBox():
                return "true" if self.widget.isChecked() else "false"
            case QSpinBox():
                return str(self.widget.value())
            case QComboBox():
                return self.widget.currentText()
            case QLineEdit():
                return self.widget.text()
        raise AssertionError(self.widget)

    def write(self, value: str) -> None:
        """Show a value."""
        match self.widget:
            case QCheckBox():
                self.widget.setChecked(value == "true")
            case QSpinBox():
                if value.lstrip("-").isdigit():
                    self.widget.setValue(max(-_INT_MAX, min(_INT_MAX, int(value))))
            case QComboBox():
                self.widget.setCurrentText(value)
            case QLineEdit():
                self.widget.setText(value)


class EngineOptionsDialog(QDialog):
    """The options of one engine."""

    def __init__(self, engine: EngineController, report: EngineReport, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Options of {report.identity.name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(560, 560)
        self._engine, self._path = engine, report.path
        chosen = {name.lower(): value for name, value in engine.setup_of(report.path).options}
        self.fields: dict[str, _Field] = {}
        inside = QWidget()
        inside.setLayout(self._form(report, chosen))
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(inside)
        note = label(
            "What changes results makes evaluations of their own: games analysed with other options are kept apart.",
            strength="2",
            wrap=True,
        )
        self.reset_button = QPushButton("Reset to defaults", autoDefault=False)
        self.save_button = QPushButton("Save", default=True)
        self.save_button.setProperty("role", "primary")
        cancel = QPushButton("Cancel", autoDefault=False)
        buttons = QHBoxLayout()
        buttons.addWidget(self.reset_button)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.save_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 16)
        box.setSpacing(10)
        box.addWidget(note)
        box.addWidget(area, 1)
        box.addLayout(buttons)
        self.reset_button.clicked.connect(self._on_reset)
        self.save_button.clicked.connect(self._on_save)
        cancel.clicked.connect(self.close)

    def _form(self, report: EngineReport, chosen: dict[str, str]) -> QFormLayout:
        """A row for every option; `chosen` values by the option's name in small letters."""
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(8)
        for option in report.options:
            title = label(option.name, strength="2")
            if option.why_ours:
                form.addRow(title, label(option.why_ours, strength="3", wrap=True))
                continue
            default = "false" if option.kind == "button" else option.default
            field = _Field(option, chosen.get(option.name.lower(), default))
            self.fields[option.name] = field
            form.addRow(title, field.widget)
        return form

    @Slot()
    def _on_reset(self) -> None:
        for field in self.fields.values():
            field.write(field.default)

    @Slot()
    def _on_save(self) -> None:
        changed = [(name, field.read()) for name, field in self.fields.items() if field.read() != field.default]
        if self._engine.set_options(self._path, changed):
            self.close()
