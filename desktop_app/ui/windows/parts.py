"""Small pieces the windows are built of: tables, tool buttons and labels that look the same everywhere. Main thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QTableView, QToolButton, QWidget

from desktop_app.ui.runtime.icons import icon

if TYPE_CHECKING:
    from PySide6.QtCore import QAbstractItemModel

_ICON = QSize(18, 18)
ROW_PX = 24
T = TypeVar("T", bound=QTableView)


def shape_table(table: T, model: QAbstractItemModel, name: str, *, row_px: int = ROW_PX, many: bool = False) -> T:
    """Give a table its model, its name for screen readers, and the calm look of all our tables."""
    table.setModel(model)
    table.setAccessibleName(name)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    mode = QAbstractItemView.SelectionMode
    table.setSelectionMode(mode.ExtendedSelection if many else mode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setTabKeyNavigation(False)
    rows = table.verticalHeader()
    rows.hide()
    rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    rows.setMinimumSectionSize(row_px)
    rows.setDefaultSectionSize(row_px)
    table.horizontalHeader().setHighlightSections(False)
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return table


def tool(name: str, tip: str) -> QToolButton:
    """A small button with one of our icons."""
    button = QToolButton()
    button.setIconSize(_ICON)
    button.setAutoRaise(True)
    set_tool(button, name, tip)
    return button


def set_tool(button: QToolButton, name: str, tip: str) -> None:
    """Give a button another icon and meaning; the name is kept for a change of theme."""
    button.setProperty("icon_name", name)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setIcon(icon(name))


def refresh_tools(parent: QWidget) -> None:
    """Draw all icons below `parent` again, in the colours of the theme in force."""
    for button in parent.findChildren(QToolButton):
        name = button.property("icon_name")
        if name:
            button.setIcon(icon(name))


def label(text: str = "", *, strength: str = "", wrap: bool = False) -> QLabel:
    """A label; `strength` is one of the style sheet's ("2", "3", "title", "error", "warning")."""
    result = QLabel(text)
    result.setWordWrap(wrap)
    if strength:
        result.setProperty("strength", strength)
    return result


def restyle(widget: QWidget) -> None:
    """Apply the style sheet again after a dynamic property changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
