"""All controllers of one open library, made and wired together. Main thread; made by `application` and by tests."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.ui.controllers.batch_controller import BatchController
from desktop_app.ui.controllers.bin_controller import BinController
from desktop_app.ui.controllers.care_controller import CareController
from desktop_app.ui.controllers.desk import Desk
from desktop_app.ui.controllers.edit_controller import EditController
from desktop_app.ui.controllers.engine_controller import EngineController, EnginePreferences
from desktop_app.ui.controllers.explorer_controller import ExplorerController
from desktop_app.ui.controllers.export_controller import ExportController
from desktop_app.ui.controllers.grading_controller import GradingController
from desktop_app.ui.controllers.import_controller import ImportController
from desktop_app.ui.controllers.index_controller import IndexController
from desktop_app.ui.controllers.library_controller import LibraryController
from desktop_app.ui.controllers.marks_controller import MarksController
from desktop_app.ui.controllers.names_controller import NamesController
from desktop_app.ui.controllers.place_controller import PlaceController
from desktop_app.ui.controllers.sets_controller import SetsController
from desktop_app.ui.controllers.undo_stack import UndoStack
from desktop_app.ui.controllers.viewer_controller import ViewerController
from desktop_app.ui.models.game_cursor import GameCursor
from desktop_app.ui.models.library_model import LibraryModel
from desktop_app.ui.runtime.events import Events
from desktop_app.ui.runtime.notices import Notices
from desktop_app.ui.runtime.operations import Operations
from desktop_app.ui.runtime.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.library.library import Library


@dataclass(frozen=True, slots=True)
class Workbench:
    """Everything a main window is given."""

    desk: Desk
    games: LibraryModel
    cursor: GameCursor
    library: LibraryController
    imports: ImportController
    batch: BatchController
    place: PlaceController
    viewer: ViewerController
    exports: ExportController
    engine: EngineController
    index: IndexController
    explorer: ExplorerController
    undo: UndoStack
    bin: BinController
    sets: SetsController
    names: NamesController
    edits: EditController
    care: CareController
    gradings: GradingController
    marks: MarksController

    @classmethod
    def build(
        cls,
        library: Library,
        *,
        engines: EnginePreferences,
        remember: Callable[[dict[str, object]], None],
        parent: QObject,
    ) -> Workbench:
        """Make and wire the controllers; nothing is read before `start`."""
        operations, events, notices = Operations(parent), Events(parent), Notices(parent)
        operations.failed.connect(notices.post_error)
        desk = Desk(library, operations, events, notices)
        games, cursor = LibraryModel(parent), GameCursor(parent)
        batch, undo = BatchController(desk, parent), UndoStack(parent)
        engine = EngineController(operations, engines, remember, parent)
        library_list, imports = LibraryController(desk, games, parent), ImportController(desk, parent)
        bench = cls(
            desk=desk,
            games=games,
            cursor=cursor,
            library=library_list,
            imports=imports,
            batch=batch,
            place=PlaceController(desk, batch, parent),
            viewer=ViewerController(desk, cursor, parent),
            exports=ExportController(desk, parent),
            engine=engine,
            index=IndexController(desk, imports, batch, parent),
            explorer=ExplorerController(desk, library_list, cursor, games=games, parent=parent),
            undo=undo,
            bin=BinController(desk, undo, batch.let_go, parent),
            sets=SetsController(desk, library_list, undo, parent),
            names=NamesController(desk, parent),
            edits=EditController(desk, undo, parent),
            care=CareController(desk, parent),
            gradings=GradingController(desk, parent),
            marks=MarksController(desk, engine, parent),
        )
        bench.engine.in_force.connect(bench.batch.set_engine)
        bench.batch.positions_arrived.connect(bench.viewer.on_positions)
        bench.gradings.regraded.connect(bench.library.reload)
        bench.gradings.previewed.connect(bench.viewer.set_preview)
        bench.gradings.grading_changed.connect(bench.viewer.judge_again)
        bench.viewer.opened.connect(bench.batch.bring_forward)
        return bench

    def start(self, *, passive: bool = False) -> None:
        """Read the library, look for the engine; an unfinished job goes on once there is one. `passive` only reads."""
        self.library.reload()
        self.sets.reload()
        if not passive:
            self.imports.start()
            self.engine.check()
            self.place.start()
            self.index.start()
            self.care.start()
            self.gradings.start()

    def begin_stop(self) -> None:
        """Main thread: nothing new starts, everything is told to stop. Returns at once."""
        self.desk.events.stop()
        for part in (getattr(self, one.name) for one in fields(self)):
            for throttle in part.findChildren(Throttle) if isinstance(part, QObject) else ():
                throttle.cancel()
        self.batch.begin_stop()
        for operation in self.desk.operations.running:
            operation.cancel()

    def finish_stop(self, budget_ms: int) -> bool:
        """Any thread but the main one: join workers and operations, drain and close the library.

        Returns False when something outlived its budget.
        """
        workers = self.batch.finish_stop(budget_ms)
        operations = self.desk.operations.stop(budget_ms)
        self.desk.library.close()
        return workers and operations
