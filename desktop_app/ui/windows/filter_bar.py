"""The filter above the table: the expression as text, a button for its form, and a chip for every active term.

Main thread; knows no library. Text, chips and form are one thing: each of them changes the text in the field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop_app.domain.filter_pieces import join_pieces, split_filter
from desktop_app.errors import FilterSyntaxError
from desktop_app.ui.models.filter_words import piece_words
from desktop_app.ui.models.scope import ScopeKind, ScopeQuery
from desktop_app.ui.widgets.filter_chip import FilterChip
from desktop_app.ui.widgets.flow import FlowLayout
from desktop_app.ui.windows.filter_panel import FilterPanel
from desktop_app.ui.windows.name_completion import ExpressionCompletion
from desktop_app.ui.windows.parts import label, refresh_tools, restyle, tool

if TYPE_CHECKING:
    from desktop_app.ui.controllers.names_controller import NamesController

_PAUSE_MS = 250
_HINT = "Filter: a name, eco:B90, result:1-0, elo>2400, blunders>=2, state:failed …"
_SCOPE_CHIP = -1


class FilterBar(QWidget):
    """Text, chips, form.

    Signals: `settled(expression)` when typing paused, `entered()` for Enter, `left()` for Escape, `scope_dropped()`,
    `save_requested()`, `sidebar_requested()`.
    """

    settled = Signal(str)
    entered = Signal()
    left = Signal()
    scope_dropped = Signal()
    save_requested = Signal()
    sidebar_requested = Signal()

    def __init__(self, names: NamesController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names = names
        self._panel: FilterPanel | None = None
        self._scope = ScopeQuery()
        self._choices: dict[str, list[tuple[str, str]]] = {}
        self.field = QLineEdit(clearButtonEnabled=True, placeholderText=_HINT)
        self.field.setAcceptDrops(False)  # files dropped here are for the window
        self.field.setAccessibleName("Filter the library")
        self.field.setToolTip(_HINT)
        leave = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.field, context=Qt.ShortcutContext.WidgetShortcut)
        leave.activated.connect(self.left)
        self.completion = ExpressionCompletion(self.field, names)
        self.sidebar_button = tool("sidebar", "Collections, tags and imports (Ctrl+\\)")
        self.sidebar_button.setCheckable(True)
        self.sidebar_button.clicked.connect(self.sidebar_requested)
        self.form_button = tool("filter", "Filter by player, rating, date, opening … (Ctrl+Shift+L)")
        self.form_button.clicked.connect(self.toggle_form)
        self._count = label(strength="2")
        self._problem = label(strength="error", wrap=True)
        self._problem.hide()
        self._chips = QWidget()
        self._flow = FlowLayout(self._chips)
        self._chips.hide()
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(self.sidebar_button)
        line.addWidget(self.field, 1)
        line.addWidget(self.form_button)
        line.addWidget(self._count)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addLayout(line)
        box.addWidget(self._problem)
        box.addWidget(self._chips)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self.settle)
        self.field.textChanged.connect(self._on_text_changed)
        self.field.returnPressed.connect(self._on_entered)

    # -- what is shown -------------------------------------------------------------------------------------------

    def set_scope(self, scope: ScopeQuery) -> None:
        """Say where the games come from."""
        self._scope = scope
        self._rebuild()

    def set_count(self, shown: int, total: int) -> None:
        """How many games are listed."""
        noun = "game" if total == 1 else "games"
        words = f"{shown:,} {noun}" if shown == total else f"{shown:,} of {total:,} {noun}"
        self._count.setText(words)
        if self._panel is not None:
            self._panel.set_count(words)

    def set_problem(self, text: str, column: int) -> None:
        """Why the text cannot be read, and where; column -1 when it can."""
        self._problem.setText(text)
        self._problem.setVisible(column >= 0)
        self.field.setProperty("invalid", "true" if column >= 0 else "false")
        restyle(self.field)

    def offer(self, slot: str, choices: list[tuple[str, str]]) -> None:
        """What a control of the form offers."""
        self._choices[slot] = choices
        if self._panel is not None:
            self._panel.offer(slot, choices)

    def show_expression(self, expression: str) -> None:
        """Show this text without asking for it: it is in force already."""
        self.field.setText(expression)
        self._pause.stop()
        self._rebuild()

    # -- changing it ---------------------------------------------------------------------------------------------

    def ask(self, expression: str) -> None:
        """Filter by this at once."""
        self.field.setText(expression)
        self.settle()

    @Slot()
    def settle(self) -> None:
        """Filter by what is typed."""
        self._pause.stop()
        self._rebuild()
        if self._panel is not None and self._panel.isVisible():
            self._panel.set_expression(self.field.text())
        self.settled.emit(self.field.text())

    @Slot()
    def toggle_form(self) -> None:
        """Open the form, or put it away."""
        if self._panel is None:
            self._panel = self._make_panel()
        if self._panel.isVisible():
            self._panel.close_popover()
            return
        self._panel.set_expression(self.field.text())
        self._panel.set_count(self._count.text())
        self._panel.open_at(self.field)

    @property
    def form(self) -> FilterPanel | None:
        """The form, None while nobody wanted it."""
        return self._panel

    def _make_panel(self) -> FilterPanel:
        panel = FilterPanel(self._names, self.window())
        for slot, choices in self._choices.items():
            panel.offer(slot, choices)
        panel.expression_changed.connect(self.field.setText)
        panel.save_requested.connect(self.save_requested)
        return panel

    @Slot(str)
    def _on_text_changed(self, _text: str) -> None:
        self._pause.start()

    @Slot()
    def _on_entered(self) -> None:
        if self.completion.choosing:
            return
        self.completion.close()
        self.settle()
        self.entered.emit()

    @Slot()
    def _on_chip_clicked(self) -> None:
        chip = self.sender()
        if not isinstance(chip, FilterChip):
            return
        if chip.place == _SCOPE_CHIP:
            self.scope_dropped.emit()
        else:
            pieces = split_filter(self.field.text())
            self.ask(join_pieces(piece for place, piece in enumerate(pieces) if place != chip.place))
        self.field.setFocus()

    def _rebuild(self) -> None:
        """One chip for the scope, one for every term; the old ones stay while the text cannot be read."""
        try:
            pieces = split_filter(self.field.text())
        except FilterSyntaxError:
            return
        while (item := self._flow.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        scope = self._scope
        if scope.scope.kind is not ScopeKind.ALL:
            self._add_chip(
                FilterChip(scope.title, "Show all games again", place=_SCOPE_CHIP, icon=_ICONS[scope.scope.kind])
            )
        for place, piece in enumerate(pieces):
            self._add_chip(FilterChip(piece_words(piece), f"{piece.text}\nClick to remove", place=place))
        if pieces:
            save = QPushButton("Save")
            save.setProperty("role", "chip")
            save.setToolTip("Keep this filter as a smart collection")
            save.clicked.connect(self.save_requested)
            self._flow.addWidget(save)
        self._chips.setVisible(self._flow.count() > 0)
        self._chips.updateGeometry()

    def _add_chip(self, chip: FilterChip) -> None:
        chip.clicked.connect(self._on_chip_clicked)
        self._flow.addWidget(chip)

    def changeEvent(self, event: QEvent) -> None:
        """A new palette needs icons of its own colour."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "form_button"):
            refresh_tools(self)


_ICONS = {
    ScopeKind.MINE: "person",
    ScopeKind.COLLECTION: "folder",
    ScopeKind.SMART: "smart",
    ScopeKind.TAG: "tag",
    ScopeKind.IMPORT: "import",
    ScopeKind.BIN: "trash",
}
