"""The main window: menus, drops, toasts and sheets around the workspace. What commands do is the groups' business.

Main thread. Made by `application`; asked to close it saves its state and says so, `application` then stops the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSettings, Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QMainWindow

from desktop_app.ui.widgets.drop_overlay import DropOverlay
from desktop_app.ui.widgets.toast import ToastKind, ToastNews, ToastStack
from desktop_app.ui.windows.actions import ROW_MENU, Actions
from desktop_app.ui.windows.analysis_commands import AnalysisCommands
from desktop_app.ui.windows.bin_commands import BinCommands
from desktop_app.ui.windows.care_commands import CareCommands
from desktop_app.ui.windows.engine_page import EnginePage
from desktop_app.ui.windows.explorer_commands import ExplorerCommands
from desktop_app.ui.windows.game_commands import GameCommands
from desktop_app.ui.windows.import_commands import ImportCommands
from desktop_app.ui.windows.incoming import Incoming
from desktop_app.ui.windows.judging_commands import JudgingCommands
from desktop_app.ui.windows.opening_commands import OpeningCommands
from desktop_app.ui.windows.place_commands import PlaceCommands
from desktop_app.ui.windows.progress_bar import OperationProgress
from desktop_app.ui.windows.review_sheet import ReviewSheet
from desktop_app.ui.windows.sets_commands import SetsCommands
from desktop_app.ui.windows.view_commands import ViewCommands
from desktop_app.ui.windows.window_memory import WindowMemory
from desktop_app.ui.windows.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent

    from desktop_app.ui.controllers.workbench import Workbench
    from desktop_app.ui.runtime.notices import Notice
    from desktop_app.ui.windows.command_group import CommandGroup
    from desktop_app.ui.windows.options import WindowOptions

_MORE_GROUPS: tuple[type[CommandGroup], ...] = (
    BinCommands,
    CareCommands,
    ExplorerCommands,
    JudgingCommands,
    OpeningCommands,
    PlaceCommands,
    SetsCommands,
)
"""Groups the window itself never speaks to: a new topic is one line here and its entries in `actions.MENUS`."""


class MainWindow(QMainWindow):
    """The window.

    Signals: `closed()` once the user wants to leave; `theme_chosen(str)`; `library_wanted(str)`, a path or URL,
    `new_library_wanted(str)`, where one may be made, and `restore_wanted(str)`, a backup's path: all three close the
    library that is open.
    """

    closed = Signal()
    theme_chosen = Signal(str)
    library_wanted = Signal(str)
    new_library_wanted = Signal(str)
    restore_wanted = Signal(str)

    def __init__(self, bench: Workbench, state: QSettings, options: WindowOptions) -> None:
        """`state` keeps geometry and the like."""
        super().__init__()
        self.samples = options.samples
        self._toast_actions: dict[str, Callable[[], None]] = {}
        self._toasts_shown = 0
        self.setWindowTitle("Kibitz")
        self.setAcceptDrops(True)
        self.workspace = Workspace(bench)
        self.setCentralWidget(self.workspace)
        self.progress, self.status_label, self.engine_label = OperationProgress(), QLabel(), QLabel()
        self._fill_status_bar()
        self._overlay, self._toasts = DropOverlay(self), ToastStack(self.workspace)
        self._toasts.stay_in(self.workspace.toast_room, *self.workspace.toast_neighbours)
        self._toasts.action_clicked.connect(self._on_toast_action)
        self.review_sheet = ReviewSheet(bench.batch, options.profile, options.workers, parent=self, nodes=options.nodes)
        self.engine_page = EnginePage(bench.engine, self)
        bench.desk.notices.posted.connect(self.show_notice)
        bench.desk.notices.withdrawn.connect(self._toasts.withdraw)
        self._imports, self._analysis = ImportCommands(self, bench), AnalysisCommands(self, bench)
        self._game, self._view = GameCommands(self, bench), ViewCommands(self, bench)
        self._imports.analysis_offered.connect(self._analysis.ask_for)
        self.take, self.show_receipt = self._imports.take, self._imports.show_receipt
        groups = [self._imports, self._analysis, self._game, self._view, *(make(self, bench) for make in _MORE_GROUPS)]
        handlers = {name: handler for group in groups for name, handler in group.handlers().items()}
        self.actions_by_name = Actions(self, handlers)
        self.actions_by_name.add_themes(self, options.theme, self.theme_chosen.emit)
        self.workspace.library.set_menu([self.actions_by_name[name] for name in ROW_MENU])
        self.memory = WindowMemory(self, bench, state)
        self.memory.restore()
        self._view.show_state()

    def _fill_status_bar(self) -> None:
        bar = self.statusBar()
        for label in (self.status_label, self.engine_label):
            label.setProperty("strength", "2")
        bar.setSizeGripEnabled(False)
        bar.setContentsMargins(8, 0, 8, 0)
        bar.addWidget(self.status_label, 1)
        bar.addPermanentWidget(self.progress)
        bar.addPermanentWidget(self.engine_label)

    # -- drops and keys ------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files, folders and PGN text are welcome anywhere."""
        incoming = Incoming.of(event.mimeData())
        if incoming:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self._overlay.show_files(max(1, len(incoming.paths)), incoming.names or "PGN text")

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        """Gone again."""
        self._overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """Import what was dropped."""
        self._overlay.hide()
        if self.take(Incoming.of(event.mimeData())):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys nobody else wanted: they move in the game. A table with the focus keeps its own Home, End and pages."""
        move = self._view.leave if event.key() == Qt.Key.Key_Escape else self._game.move_for_key(event.key())
        if move is None:
            super().keyPressEvent(event)
        else:
            move()

    # -- toasts --------------------------------------------------------------------------------------------------

    @Slot(object)
    def show_notice(self, notice: Notice) -> None:
        """Show a message as a toast."""
        first, second = self._kept_action(notice.action), self._kept_action(notice.second and notice.second[1])
        more = notice.second[0] if notice.second else ""
        kind = ToastKind(notice.kind.value)
        self._toasts.show_toast(ToastNews(notice.text, kind, notice.action_text, first, more, second, key=notice))

    def _kept_action(self, action: Callable[[], None] | None) -> str:
        """A name by which a toast's button asks for this action; "" for none."""
        if action is None:
            return ""
        self._toasts_shown += 1
        name = f"action-{self._toasts_shown}"
        self._toast_actions[name] = action
        return name

    @Slot(str)
    def _on_toast_action(self, name: str) -> None:
        action = self._toast_actions.pop(name, None)
        if action is not None:
            action()

    # -- window --------------------------------------------------------------------------------------------------

    def bring_forward(self) -> None:
        """Another start handed its files over: show where they went."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def changeEvent(self, event: QEvent) -> None:
        """A new palette needs icons of its own colours."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "actions_by_name"):
            self.actions_by_name.refresh_icons()

    def closeEvent(self, event: QCloseEvent) -> None:
        """No question is asked: nothing is lost. Geometry is remembered, then the application stops."""
        self.memory.save()
        event.accept()
        self.closed.emit()
