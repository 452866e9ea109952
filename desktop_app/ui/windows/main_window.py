"""The main window: menus, keys, drops, toasts and sheets around the workspace. Assembly: the work is the controllers'.

Main thread. Made by `application`; asked to close it saves its state and says so, `application` then stops the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSettings, Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QMainWindow

from desktop_app.domain.judgement import Judgement
from desktop_app.ui.controllers.import_controller import receipt_sentence
from desktop_app.ui.runtime.notices import NoticeKind
from desktop_app.ui.widgets.drop_overlay import DropOverlay
from desktop_app.ui.widgets.toast import ToastKind, ToastNews, ToastStack
from desktop_app.ui.windows.actions import Actions
from desktop_app.ui.windows.clipboard import Clipboard
from desktop_app.ui.windows.dialogs import ask_for_folder, ask_for_games, ask_where_to_export, tell_about
from desktop_app.ui.windows.engine_page import EnginePage
from desktop_app.ui.windows.imports_dialog import ImportsDialog
from desktop_app.ui.windows.incoming import Incoming
from desktop_app.ui.windows.keys_sheet import KeysSheet
from desktop_app.ui.windows.progress_bar import OperationProgress
from desktop_app.ui.windows.review_sheet import ReviewSheet
from desktop_app.ui.windows.window_memory import WindowMemory
from desktop_app.ui.windows.words import counted
from desktop_app.ui.windows.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent

    from desktop_app.domain.batch import BatchSnapshot
    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.domain.game import GameId
    from desktop_app.domain.receipt import Receipt
    from desktop_app.ui.controllers.workbench import Workbench
    from desktop_app.ui.runtime.notices import Notice
    from desktop_app.ui.windows.options import WindowOptions


class MainWindow(QMainWindow):
    """The window. Signals: `closed()` once the user wants to leave; `theme_chosen(str)`."""

    closed = Signal()
    theme_chosen = Signal(str)

    def __init__(self, bench: Workbench, state: QSettings, options: WindowOptions) -> None:
        """`state` keeps geometry and the like."""
        super().__init__()
        self._bench, self._samples = bench, options.samples
        self._toast_actions: dict[str, Callable[[], None]] = {}
        self._asked_for_analysis: tuple[GameId, ...] = ()
        self.setWindowTitle("Kibitz")
        self.setAcceptDrops(True)
        self.workspace = Workspace(bench)
        self.setCentralWidget(self.workspace)
        self._progress, self._status, self._engine_label = OperationProgress(), QLabel(), QLabel()
        for label in (self._status, self._engine_label):
            label.setProperty("strength", "2")
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().setContentsMargins(8, 0, 8, 0)
        self.statusBar().addWidget(self._status, 1)
        self.statusBar().addPermanentWidget(self._progress)
        self.statusBar().addPermanentWidget(self._engine_label)
        self._overlay, self._toasts = DropOverlay(self), ToastStack(self.workspace)
        self._toasts.stay_in(self.workspace.toast_room, *self.workspace.toast_neighbours)
        self.review_sheet = ReviewSheet(bench.batch, options.profile, options.workers, parent=self, nodes=options.nodes)
        self.engine_page, self._keys = EnginePage(bench.engine, self), KeysSheet(self)
        self._clipboard = Clipboard(bench, self.workspace.library, self.take, self)
        self.actions_by_name = Actions(self, self._handlers())
        self.actions_by_name.add_themes(self, options.theme, self.theme_chosen.emit)
        names = ("analyse", "copy_pgn", "export")
        self.workspace.library.set_menu([self.actions_by_name[name] for name in names])
        self._connect()
        self.memory = WindowMemory(self, bench, state)
        self._restore()

    # -- wiring --------------------------------------------------------------------------------------------------

    def _handlers(self) -> dict[str, Callable[..., object]]:
        """What each action does."""
        bench, space, cursor = self._bench, self.workspace, self._bench.cursor
        jumps = {
            f"{'previous' if back else 'next'}_{kind}": self._jump(Judgement(kind), back=back)
            for kind in ("blunder", "mistake", "inaccuracy")
            for back in (False, True)
        }
        return jumps | {
            "open": self._on_open,
            "open_folder": self._on_open_folder,
            "paste": self._clipboard.paste,
            "samples": self._on_samples,
            "export": self._on_export,
            "imports": self._on_imports,
            "quit": self.close,
            "copy_pgn": self._clipboard.copy_pgn,
            "copy_fen": self._clipboard.copy_fen,
            "select_all": space.library.table.selectAll,
            "filter": self._on_filter,
            "next": lambda: cursor.step(1),
            "previous": lambda: cursor.step(-1),
            "flip": space.board.flip,
            "analyse": self._on_analyse,
            "analyse_all": self._on_analyse_all,
            "pause": space.batch.toggle_pause,
            "cancel": bench.batch.cancel,
            "retry_failed": bench.batch.retry_failed,
            "engine": self.engine_page.open_sheet,
            "show_library": space.library.setVisible,
            "show_review": space.review.setVisible,
            "show_graph": space.review.graph.setVisible,
            "show_batch": lambda shown: space.batch.set_expanded(expanded=shown),
            "library_below": lambda below: space.set_library_below(below=below),
            "focus": self._on_focus_mode,
            "full_screen": self._on_full_screen,
            "keys": self._keys.open_sheet,
            "about": lambda: tell_about(self),
        }

    def _jump(self, judgement: Judgement, *, back: bool) -> Callable[[], object]:
        return lambda: self._bench.cursor.go_to_judged(judgement, backwards=back)

    def _connect(self) -> None:
        bench, space = self._bench, self.workspace
        space.empty_action.connect(self._on_empty_action)
        space.library.game_previewed.connect(bench.viewer.preview)
        space.library.game_opened.connect(self._on_game_opened)
        space.library.selection_changed.connect(self._on_selection_changed)
        space.library.retry_requested.connect(self._on_retry)
        space.batch.game_opened.connect(self._on_queue_game_opened)
        space.batch.expanded_changed.connect(self._on_batch_folded)
        space.review.analyse_requested.connect(self._on_analyse_shown)
        space.review.retry_requested.connect(self._on_analyse_shown)
        bench.imports.started.connect(self._progress.watch)
        bench.imports.finished.connect(self._on_imported)
        bench.exports.started.connect(self._progress.watch)
        bench.engine.found.connect(self._on_engine_found)
        bench.engine.missing.connect(self._on_engine_missing)
        bench.batch.resumed.connect(self._on_resumed)
        bench.batch.retry_asked.connect(self._ask_for_analysis)
        bench.batch.finished.connect(self._on_batch_finished)
        bench.desk.notices.posted.connect(self.show_notice)
        self.review_sheet.confirmed.connect(bench.batch.start)
        self._toasts.action_clicked.connect(self._on_toast_action)

    def _restore(self) -> None:
        self.memory.restore()
        for name, shown in (("show_library", True), ("show_review", True), ("show_graph", True)):
            self.actions_by_name.set_checked(name, checked=shown)
        self.actions_by_name.set_checked("show_batch", checked=self.workspace.batch.expanded)
        self.actions_by_name.set_checked("library_below", checked=self.workspace.library_below)

    # -- import --------------------------------------------------------------------------------------------------

    def take(self, incoming: Incoming) -> bool:
        """Import what was dropped or pasted. Returns False where there is nothing for us."""
        if incoming.paths:
            self._bench.imports.import_paths(incoming.paths)
        elif incoming.text:
            self._bench.imports.import_text(incoming.text)
        return bool(incoming)

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

    def _on_open(self) -> None:
        ask_for_games(self, self._bench.imports.import_paths)

    def _on_open_folder(self) -> None:
        ask_for_folder(self, self._bench.imports.import_paths)

    def _on_samples(self) -> None:
        self._bench.imports.import_paths([self._samples], offer=True)

    @Slot(str)
    def _on_empty_action(self, name: str) -> None:
        {"open": self._on_open, "paste": self._clipboard.paste, "samples": self._on_samples}[name]()

    def _on_imports(self) -> None:
        ImportsDialog(self._bench.imports, None, self).show()

    @Slot(object, bool)
    def _on_imported(self, receipt: Receipt, offer: bool) -> None:
        batch_id = receipt.batch_id
        kind = NoticeKind.WARNING if receipt.problems else NoticeKind.DONE
        text = receipt_sentence(receipt)
        self._bench.desk.notices.post(
            f"Stopped. {text}" if receipt.cancelled else text,
            kind,
            action_text="Details",
            action=lambda: ImportsDialog(self._bench.imports, batch_id, self).show(),
        )
        if batch_id is not None and receipt.imported:
            self._bench.library.ids_of_import(batch_id, lambda ids: self._on_import_read(ids, offer=offer))

    def _on_import_read(self, ids: Sequence[int], *, offer: bool) -> None:
        """What came in is selected, so that one key analyses it; a reader in the middle of a game keeps it."""
        self.workspace.library.select_games_soon(ids, show=self._bench.cursor.ply == 0)
        if offer:
            self._ask_for_analysis([*ids])  # type: ignore[list-item]  # the library hands ids out as plain numbers

    # -- analysis ------------------------------------------------------------------------------------------------

    def _on_analyse(self) -> None:
        chosen = self.workspace.library.selected_ids()
        self._ask_for_analysis(chosen or self._bench.games.ids())

    def _on_analyse_all(self) -> None:
        self._ask_for_analysis(self._bench.games.ids())

    @Slot()
    def _on_analyse_shown(self) -> None:
        if self._bench.viewer.game_id is not None:
            self._ask_for_analysis([self._bench.viewer.game_id])

    @Slot(object)
    def _on_retry(self, game: GameId) -> None:
        self._ask_for_analysis([game])

    @Slot(object)
    def _ask_for_analysis(self, ids: Sequence[GameId]) -> None:
        if not ids:
            self._bench.desk.notices.post("There are no games to analyse yet.")
            return
        self._asked_for_analysis = tuple(ids)
        if self._bench.batch.ready:
            self.review_sheet.ask_for(ids)
        else:
            self.engine_page.open_sheet()

    @Slot(str, object)
    def _on_engine_found(self, _path: str, identity: EngineIdentity) -> None:
        self._engine_label.setText(identity.name)
        if self.engine_page.isVisible() and self._asked_for_analysis:
            self.engine_page.close_sheet()
            self.review_sheet.ask_for(self._asked_for_analysis)

    @Slot(object)
    def _on_engine_missing(self, _error: object) -> None:
        self._engine_label.setText("No engine")
        self._bench.desk.notices.post(
            "No chess engine was found; games can be viewed, not analysed.",
            NoticeKind.WARNING,
            action_text="What to do",
            action=self.engine_page.open_sheet,
        )

    @Slot(int)
    def _on_resumed(self, games: int) -> None:
        self._bench.desk.notices.post(f"Resumed analysing {counted(games, 'game')}")

    @Slot(object)
    def _on_batch_finished(self, snapshot: BatchSnapshot) -> None:
        analysed = snapshot.items_done - snapshot.items_skipped
        if snapshot.items_failed:
            self._bench.desk.notices.post(
                f"{counted(analysed, 'game')} analysed, {snapshot.items_failed:,} failed",
                NoticeKind.WARNING,
                action_text="Retry failed",
                action=self._bench.batch.retry_failed,
            )
        elif analysed:
            self._bench.desk.notices.post(f"{counted(analysed, 'game')} analysed", NoticeKind.DONE)

    # -- game ----------------------------------------------------------------------------------------------------

    @Slot(object)
    def _on_game_opened(self, game: GameId) -> None:
        self._bench.viewer.open(game)
        self.workspace.board.setFocus()

    @Slot(object)
    def _on_queue_game_opened(self, game: GameId) -> None:
        self.workspace.library.select_game(game)
        self._on_game_opened(game)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys nobody else wanted: they move in the game. A table with the focus keeps its own Home, End and pages."""
        cursor, library = self._bench.cursor, self.workspace.library
        moves: dict[int, Callable[[], object]] = {
            Qt.Key.Key_Home: lambda: cursor.go_to(0),
            Qt.Key.Key_Up: lambda: cursor.go_to(0),
            Qt.Key.Key_End: lambda: cursor.go_to(cursor.last_ply),
            Qt.Key.Key_Down: lambda: cursor.go_to(cursor.last_ply),
            Qt.Key.Key_PageDown: lambda: library.step_game(1),
            Qt.Key.Key_PageUp: lambda: library.step_game(-1),
            Qt.Key.Key_Escape: self._on_escape,
        }
        move = moves.get(event.key())
        if move is None:
            super().keyPressEvent(event)
        else:
            move()

    def _on_escape(self) -> None:
        if self._bench.cursor.leave_line():
            return
        for name in ("full_screen", "focus"):
            if self.actions_by_name[name].isChecked():
                self.actions_by_name[name].setChecked(False)
                return

    @Slot(int)
    def _on_selection_changed(self, count: int) -> None:
        self._status.setText(f"{counted(count, 'game')} selected. Ctrl+R analyses them." if count > 1 else "")

    def _on_filter(self) -> None:
        self.actions_by_name["show_library"].setChecked(True)
        self.workspace.library.focus_filter()

    def _on_export(self) -> None:
        ids = self.workspace.library.selected_ids() or self._bench.games.ids()
        if not ids:
            return
        title = f"Export {counted(len(ids), 'game')}"
        ask_where_to_export(self, title, lambda path: self._bench.exports.export(ids, path))

    # -- window --------------------------------------------------------------------------------------------------

    @Slot(object)
    def show_notice(self, notice: Notice) -> None:
        """Show a message as a toast."""
        name = ""
        if notice.action is not None:
            name = f"action-{len(self._toast_actions)}"
            self._toast_actions[name] = notice.action
        self._toasts.show_toast(ToastNews(notice.text, ToastKind(notice.kind.value), notice.action_text, name))

    @Slot(str)
    def _on_toast_action(self, name: str) -> None:
        action = self._toast_actions.pop(name, None)
        if action is not None:
            action()

    @Slot(bool)
    def _on_batch_folded(self, expanded: bool) -> None:
        self.actions_by_name.set_checked("show_batch", checked=expanded)

    def _on_focus_mode(self, focused: bool) -> None:
        self.workspace.set_focus_mode(focused=focused)
        self.statusBar().setVisible(not focused)
        self.actions_by_name.set_checked("show_library", checked=not focused)

    def _on_full_screen(self, full: bool) -> None:
        self.setWindowState(
            self.windowState() | Qt.WindowState.WindowFullScreen
            if full
            else self.windowState() & ~Qt.WindowState.WindowFullScreen
        )

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
