"""Every action of the main window with its keys, and the menus they hang in. Main thread; for `main_window`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu

from desktop_app.ui.runtime.icons import icon

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMainWindow


@dataclass(frozen=True, slots=True)
class Entry:
    """One action: `name` to find it by, text, keys (the first is shown), icon, whether it is a switch."""

    name: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    checkable: bool = False


MENUS: tuple[tuple[str, tuple[Entry | None, ...]], ...] = (
    (
        "&File",
        (
            Entry("open", "&Open …", ("Ctrl+O",), "open"),
            Entry("open_folder", "Open &folder …"),
            Entry("paste", "&Paste games", ("Ctrl+V",), "paste"),
            Entry("samples", "Import the &sample games"),
            None,
            Entry("export", "&Export annotated PGN …", ("Ctrl+S",), "export"),
            Entry("export_marks", "Export with mar&ks …"),
            Entry("imports", "&Imports …"),
            Entry("bin", "&Bin …", (), "trash"),
            None,
            Entry("quit", "&Quit", ("Ctrl+Q",)),
        ),
    ),
    (
        "&Edit",
        (
            Entry("undo", "&Undo", ("Ctrl+Z",), "undo"),
            None,
            Entry("copy_pgn", "&Copy PGN", ("Ctrl+C",), "copy"),
            Entry("copy_fen", "Copy &FEN", ("Ctrl+Shift+C",)),
            None,
            Entry("delete", "&Delete games", ("Del",), "trash"),
            None,
            Entry("select_all", "Select &all games", ("Ctrl+A",)),
            Entry("filter", "&Filter", ("Ctrl+F",), "filter"),
            Entry("filter_form", "Filter &by …", ("Ctrl+Shift+L",)),
            Entry("openings", "Filter by o&pening …"),
            Entry("save_filter", "Sa&ve the filter as a collection", ("Ctrl+Shift+S",), "smart"),
            None,
            Entry("edit_headers", "Edit &headers …", ("Ctrl+H",)),
            Entry("tags", "&Tags …", ("T",), "tag"),
            Entry("collect", "Put into a &new collection", ("Ctrl+Shift+N",), "folder"),
            Entry("me", "&Who am I …", (), "person"),
        ),
    ),
    (
        "&Library",
        (
            Entry("new_library", "&New library …"),
            Entry("open_library", "&Open library …"),
            Entry("open_server", "Open on a &server …"),
            Entry("usual_library", "&Your usual library"),
            None,
            Entry("players", "&Players …", (), "person"),
            Entry("edit_history", "&Edit history …"),
            None,
            Entry("backups", "&Backups …"),
            Entry("check_library", "&Check …"),
            Entry("compact", "Co&mpact"),
        ),
    ),
    (
        "&Game",
        (
            Entry("next", "&Next move", ("Right",)),
            Entry("previous", "&Previous move", ("Left",)),
            None,
            Entry("next_blunder", "Next &blunder", ("B",)),
            Entry("next_mistake", "Next &mistake", ("M",)),
            Entry("next_inaccuracy", "Next &inaccuracy", ("I",)),
            Entry("previous_blunder", "Previous blunder", ("Shift+B",)),
            Entry("previous_mistake", "Previous mistake", ("Shift+M",)),
            Entry("previous_inaccuracy", "Previous inaccuracy", ("Shift+I",)),
            None,
            Entry("explorer", "&Explorer", ("E", "Ctrl+E")),
            Entry("position_games", "&Games with this position", ("Ctrl+Shift+E",)),
            None,
            Entry("flip", "&Flip board", ("F",), "flip"),
        ),
    ),
    (
        "&Analysis",
        (
            Entry("analyse", "&Analyse selection …", ("Ctrl+R", "F12"), "analyse"),
            Entry("analyse_all", "Analyse a&ll shown …", ("Ctrl+Shift+R",)),
            None,
            Entry("pause", "&Pause or go on", ("Ctrl+P",), "pause"),
            Entry("cancel", "&Cancel"),
            Entry("retry_failed", "&Retry failed games", (), "retry"),
            None,
            Entry("judging", "&Judging …"),
            Entry("marks", "&Mark only, great and brilliant moves"),
            Entry("analyses", "&Show another analysis …"),
            Entry("place", "&Where to analyse …", (), "engine"),
            Entry("engine", "&Engines …", (), "engine"),
        ),
    ),
    (
        "&View",
        (
            Entry("show_library", "&Library", ("Ctrl+L",), checkable=True),
            Entry("show_sidebar", "&Collections and tags", ("Ctrl+\\",), checkable=True),
            Entry("show_review", "&Moves and lines", (), checkable=True),
            Entry("show_graph", "&Graph", (), checkable=True),
            Entry("show_batch", "&Batch details", ("Ctrl+B",), checkable=True),
            Entry("library_below", "Library &below the board", (), checkable=True),
            Entry("focus", "&Focus mode", ("Ctrl+Shift+F",), "focus", checkable=True),
            Entry("full_screen", "F&ull screen", ("F11",), checkable=True),
        ),
    ),
    (
        "&Help",
        (Entry("keys", "&Keys", ("?", "F1"), "help"), Entry("about", "&About Kibitz", (), "info")),
    ),
)
ROW_MENU = ("analyse", "copy_pgn", "export", "edit_headers", "delete")
"""What a right click on a game offers, by name."""
THEMES = (("system", "As the &system"), ("light", "&Light"), ("dark", "&Dark"))


class Actions:
    """The actions by name, after `build` hung them into a window's menus."""

    def __init__(self, window: QMainWindow, handlers: dict[str, Callable[..., object]]) -> None:
        """`handlers` are bound methods by action name; switches get the new state."""
        self._by_name: dict[str, QAction] = {}
        self._icons: dict[str, str] = {}
        self._menus: dict[str, QMenu] = {}
        for title, entries in MENUS:
            menu = window.menuBar().addMenu(title)
            self._menus[title] = menu
            for entry in entries:
                if entry is None:
                    menu.addSeparator()
                else:
                    menu.addAction(self._make(window, entry, handlers[entry.name]))

    def __getitem__(self, name: str) -> QAction:
        return self._by_name[name]

    def _make(self, window: QMainWindow, entry: Entry, handler: Callable[..., object]) -> QAction:
        action = QAction(entry.text, window)
        action.setObjectName(entry.name)
        action.setShortcuts([QKeySequence(key) for key in entry.keys])
        action.setCheckable(entry.checkable)
        (action.toggled if entry.checkable else action.triggered).connect(handler)
        window.addAction(action)
        if entry.icon:
            self._icons[entry.name] = entry.icon
            action.setIcon(icon(entry.icon))
        self._by_name[entry.name] = action
        return action

    def add_themes(self, window: QMainWindow, current: str, choose: Callable[[str], None]) -> None:
        """The theme submenu of View."""
        menu = self._menus["&View"].addMenu("&Theme")
        group = QActionGroup(window)
        for value, text in THEMES:
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setData(value)
            action.setChecked(value == current)
            group.addAction(action)
        group.triggered.connect(lambda action: choose(action.data()))

    def add_submenu(self, title: str, text: str, *, before: str) -> QMenu:
        """A menu inside the menu called `title`, above the action called `before`."""
        menu = QMenu(text, self._menus[title])
        self._menus[title].insertMenu(self._by_name[before], menu)
        return menu

    def refresh_icons(self) -> None:
        """The theme changed."""
        for name, drawing in self._icons.items():
            self._by_name[name].setIcon(icon(drawing))

    def set_checked(self, name: str, *, checked: bool) -> None:
        """Show a switch's state without acting on it."""
        action = self._by_name[name]
        action.blockSignals(True)
        action.setChecked(checked)
        action.blockSignals(False)
