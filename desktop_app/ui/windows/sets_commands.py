"""Collections, tags, my games and the filter's form: what the sidebar, the keys and a right click on games do.

Main thread; for `main_window`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Slot

from desktop_app.domain.filter_pieces import quoted, split_filter
from desktop_app.domain.sets import MAX_NAME, TAG_COLOURS, TagId
from desktop_app.ui.models.filter_words import piece_words
from desktop_app.ui.models.scope import ALL_GAMES, Scope, ScopeKind
from desktop_app.ui.models.sidebar_model import scope_of
from desktop_app.ui.windows.command_group import CommandGroup
from desktop_app.ui.windows.me_popover import MePopover
from desktop_app.ui.windows.sidebar import dot_icon
from desktop_app.ui.windows.tag_popover import TagPopover

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QMenu

    from desktop_app.domain.game import GameId
    from desktop_app.domain.people import NameCount
    from desktop_app.domain.rows import GameRow
    from desktop_app.ui.controllers.workbench import Workbench
    from desktop_app.ui.windows.main_window import MainWindow


class SetsCommands(CommandGroup):
    """Sets of games."""

    def __init__(self, window: MainWindow, bench: Workbench) -> None:
        super().__init__(window, bench)
        self._library = self._space.library
        self._tags: TagPopover | None = None
        self._tagged: list[GameId] = []
        self._me: MePopover | None = None
        self._edited: Scope | None = None
        sidebar = self._library.sidebar
        sidebar.me_requested.connect(self._on_me)
        sidebar.bin_requested.connect(self._on_bin)
        sidebar.imports_requested.connect(window.show_receipt)
        sidebar.filter_edit_requested.connect(self._on_edit_filter)
        self._library.bar.save_requested.connect(self._on_save_filter)
        self._library.menu_opened.connect(self._on_menu_opened)
        self._library.dock.shown_changed.connect(self._on_sidebar_shown)
        bench.sets.started.connect(window.progress.watch)
        bench.sets.contents_read.connect(self._on_contents_read)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Tagging, collecting, filtering."""
        return {
            "tags": self._on_tags,
            "collect": self._on_collect,
            "filter_form": self._on_form,
            "save_filter": self._on_save_filter,
            "me": self._on_me,
            "show_sidebar": self._on_show_sidebar,
        }

    # -- sidebar and form ----------------------------------------------------------------------------------------

    def _on_show_sidebar(self, shown: bool) -> None:
        if shown != self._library.dock.shown:
            self._window.actions_by_name["show_library"].setChecked(True)
            self._library.toggle_sidebar()

    @Slot(bool)
    def _on_sidebar_shown(self, shown: bool) -> None:
        if hasattr(self._window, "actions_by_name"):
            self._window.actions_by_name.set_checked("show_sidebar", checked=shown)

    def _on_form(self) -> None:
        self._window.actions_by_name["show_library"].setChecked(True)
        self._library.bar.toggle_form()

    def _on_bin(self) -> None:
        self._window.actions_by_name["bin"].trigger()

    # -- saved filters -------------------------------------------------------------------------------------------

    @Slot()
    def _on_save_filter(self) -> None:
        """A smart collection of what is listed; while one's filter is edited, that one gets it."""
        controller, sets = self._bench.library, self._bench.sets
        if self._edited is not None:
            edited, self._edited = self._edited, None
            if sets.query_of(edited).scope == edited:
                sets.set_filter(edited, controller.expression)
                self._library.bar.ask("")
                sets.choose_after_change(edited)
                return
        if controller.scope.collection is not None:
            self._bench.desk.notices.post(
                "A smart collection cannot be made of a part of a collection chosen by hand. "
                "Show all games first, or drag these games to a collection of their own."
            )
            return
        expression = controller.whole_expression
        if not expression:
            self._bench.desk.notices.post("Filter the games first; the filter can then be kept as a collection.")
            return
        words = ", ".join(piece_words(piece) for piece in split_filter(expression))
        query = controller.query
        self._library.dock.set_shown(shown=True)
        sets.save_filter(words[:MAX_NAME], expression, sort=query.sort, descending=query.descending)

    @Slot(object)
    def _on_edit_filter(self, scope: Scope) -> None:
        """Its filter goes into the field, over all games; Save puts it back."""
        query = self._bench.sets.query_of(scope)
        self._edited = scope
        self._bench.sets.choose(ALL_GAMES)
        self._library.bar.ask(query.expression)
        self._library.focus_filter()
        self._bench.desk.notices.post(f"Change the filter, then Save keeps it in {query.title}.")

    # -- tags ----------------------------------------------------------------------------------------------------

    def _on_tags(self) -> None:
        """The card of tags for the selected games, beside the current row."""
        games = self._library.selected_ids()
        if not games:
            self._bench.desk.notices.post("Select the games to tag first.")
            return
        self._tagged = games
        self._bench.sets.tags_of(games, self._open_tags)

    def _open_tags(self, counts: dict[TagId, int]) -> None:
        if self._tags is None:
            self._tags = TagPopover(self._window)
            self._tags.toggled.connect(self._on_tag_toggled)
            self._tags.created.connect(self._on_tag_created)
        popover, table = self._tags, self._library.table
        if popover.isVisible():
            return
        popover.field.clear()
        popover.show_tags(self._bench.sets.contents.tags, counts, len(self._tagged))
        row = table.visualRect(table.currentIndex())
        top = max(0, min(row.top(), table.viewport().height() - row.height()))
        popover.open_at(table.viewport(), QRect(24, top, 10, row.height()))

    @Slot(int, bool)
    def _on_tag_toggled(self, tag: int, on: bool) -> None:
        self._bench.sets.set_tag(TagId(tag), self._tagged, on=on)

    @Slot(str)
    def _on_tag_created(self, name: str) -> None:
        self._bench.sets.create_tag(name, self._tagged, colour=self._free_colour())

    def _free_colour(self) -> str:
        used = {tag.colour for tag in self._bench.sets.contents.tags}
        return next((colour for colour in TAG_COLOURS if colour not in used), "grey")

    @Slot(object)
    def _on_contents_read(self, _contents: object) -> None:
        """The card shows a tag that was just made."""
        popover = self._tags
        if popover is not None and popover.isVisible():
            tags = self._bench.sets.contents.tags
            self._bench.sets.tags_of(self._tagged, lambda counts: popover.show_tags(tags, counts, len(self._tagged)))

    # -- collections ---------------------------------------------------------------------------------------------

    def _on_collect(self) -> None:
        """The selected games into a new collection."""
        games = self._library.selected_ids()
        if games:
            self._library.dock.set_shown(shown=True)
            self._bench.sets.create_collection("New collection", games)
        else:
            self._bench.desk.notices.post("Select the games to collect first.")

    # -- a right click on games ----------------------------------------------------------------------------------

    @Slot(object)
    def _on_menu_opened(self, menu: QMenu) -> None:
        games, row = self._library.selected_ids(), self._library.current_row()
        menu.addSeparator()
        self._add_collections(menu.addMenu("Add to collection"), games)
        self._add_tags(menu.addMenu("Tags"), games)
        scope = self._bench.library.scope
        if scope.collection is not None:
            menu.addAction(f"Remove from {scope.title}", lambda: self._bench.sets.remove_games(scope.scope, games))
        if row is not None:
            self._add_more(menu.addMenu("More games"), row)

    def _add_collections(self, menu: QMenu, games: Sequence[GameId]) -> None:
        for one in self._bench.sets.contents.collections:
            if not one.smart:
                scope = scope_of(one)
                action = menu.addAction(one.name.replace("&", "&&"))
                action.triggered.connect(lambda _on=False, scope=scope: self._bench.sets.add_games(scope, games))
        menu.addSeparator()
        menu.addAction("New collection", self._on_collect)

    def _add_tags(self, menu: QMenu, games: Sequence[GameId]) -> None:
        for tag in self._bench.sets.contents.tags:
            scope = Scope(ScopeKind.TAG, tag.id)
            action = menu.addAction(dot_icon(tag.colour), tag.name)
            action.triggered.connect(lambda _on=False, scope=scope: self._bench.sets.add_games(scope, games))
        menu.addSeparator()
        menu.addAction(self._window.actions_by_name["tags"])

    def _add_more(self, menu: QMenu, row: GameRow) -> None:
        """What the current game has in common with others."""
        opening = row.opening.split(":")[0].strip()
        for text, expression in (
            (f"Of {row.white}", f"player={quoted(row.white)}" if row.white else ""),
            (f"Of {row.black}", f"player={quoted(row.black)}" if row.black else ""),
            (
                f"{row.white} against {row.black}",
                f"player={quoted(row.white)} player={quoted(row.black)}" if row.white and row.black else "",
            ),
            (f"Opening: {opening}", f"opening:{quoted(opening)}" if opening else ""),
            (f"ECO {row.eco}", f"eco:{row.eco}" if row.eco else ""),
            (f"Event: {row.event}", f"event={quoted(row.event)}" if row.event else ""),
        ):
            if expression:
                action = menu.addAction(text.replace("&", "&&"))
                action.triggered.connect(lambda _on=False, expression=expression: self._library.list_games(expression))

    # -- who I am ------------------------------------------------------------------------------------------------

    @Slot()
    def _on_me(self) -> None:
        self._bench.sets.ask_who(self._open_me)

    def _open_me(self, mine: list[str], likely: list[NameCount]) -> None:
        if self._me is None:
            self._me = MePopover(self._bench.names, self._window)
            self._me.saved.connect(self._bench.sets.set_me)
        self._me.show_names(mine, likely)
        self._me.open_at(self._library.bar.sidebar_button)
