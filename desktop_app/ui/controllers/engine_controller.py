"""The engines: which there are, which is in force, how each is set up, and the official build.

Main thread; looking, asking, measuring and downloading run in `runtime.operations`. Used by the window (engine page),
the batch controller (path, identity, setup) and `application`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app import paths
from desktop_app.domain.engine_setup import EngineEntry, EngineSetup
from desktop_app.engine.discovery import find_engine, identify
from desktop_app.engine.processor import processor
from desktop_app.engine.syzygy import tables_in
from desktop_app.errors import CancelledError, KibitzError
from desktop_app.services.engine_download import install_engine
from desktop_app.services.engine_list import with_engine, with_options, without_engine
from desktop_app.services.engine_releases import current_releases, refresh_releases
from desktop_app.services.engines import SPEED_NODES, TRIAL_NODES, EngineReport, advise, examine_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.services.engine_releases import Asset, Releases
    from desktop_app.services.engines import Advice
    from desktop_app.ui.runtime.operations import Operation, Operations


@dataclass(frozen=True, slots=True)
class EnginePreferences:
    """What the settings say of engines: the one asked for (None to look), the list, the folder of endgame tables."""

    override: str | None = None
    engines: tuple[EngineEntry, ...] = ()
    syzygy: str = ""


class EngineController(QObject):
    """The engines.

    Signals: `found(path, EngineIdentity)`, the one in force; `in_force(path, EngineIdentity, EngineSetup)` the same for
    who opens it; `missing(KibitzError)` with the words and the action for the user; `list_changed()`: engines, options,
    reports or tables are others now; `trouble(str)`: something asked for here failed, in words; `offered(Asset|None)`;
    `download_changed(done, total)` while one runs; `download_ended(str)` with how it ended.
    """

    found = Signal(str, object)
    in_force = Signal(str, object, object)
    missing = Signal(object)
    list_changed = Signal()
    trouble = Signal(str)
    offered = Signal(object)
    download_changed = Signal(object, object)
    download_ended = Signal(str)

    def __init__(
        self,
        operations: Operations,
        preferences: EnginePreferences,
        remember: Callable[[dict[str, object]], None],
        parent: QObject | None = None,
    ) -> None:
        """`remember(changes)` keeps settings by their names."""
        super().__init__(parent)
        self._operations, self._remember = operations, remember
        self._override, self.entries, self.syzygy = preferences.override, preferences.engines, preferences.syzygy
        self.path: str = ""
        self.identity: EngineIdentity | None = None
        self.error: KibitzError | None = None
        self.reports: dict[str, EngineReport] = {}
        self.faults: dict[str, str] = {}
        self.tables_text = ""
        self._sequence = 0
        self._download: Operation | None = None

    @property
    def downloading(self) -> bool:
        """Whether a download runs."""
        return self._download is not None

    def setup_of(self, path: str) -> EngineSetup:
        """What the engine at `path` is told."""
        options = next((entry.options for entry in self.entries if entry.path == path), ())
        return EngineSetup(options, self.syzygy)

    def check(self) -> None:
        """Look for the engine and ask it who it is."""
        self._look(self._override, chosen=False)

    def choose(self, path: str) -> None:
        """Use this file if it is an engine that plays, and remember it; else the one before stays."""
        self._look(path, chosen=True)

    def advice(self) -> Advice | None:
        """Whether the engine in force is built for this processor; None before it was looked at."""
        report = self.reports.get(self.path)
        return advise(report, tuple(self.reports.values())) if report else None

    def examine(self, path: str, *, measure: bool) -> None:
        """Let an engine of the list play a little; its report or fault follows with `list_changed`."""
        setup, nodes = self.setup_of(path), SPEED_NODES if measure else TRIAL_NODES

        def done(report: EngineReport) -> None:
            kept = self.reports.get(path)
            same = kept is not None and kept.identity.build == report.identity.build
            if same and kept is not None and report.nodes_per_second is None:
                report = EngineReport(path, report.identity, report.options, report.flags, kept.nodes_per_second)
            self.reports[path] = report
            self.faults.pop(path, None)
            self.list_changed.emit()

        def failed(error: Exception) -> None:
            self.faults[path] = _words(error)
            self.list_changed.emit()

        self._operations.read("Looking at an engine", lambda: examine_engine(path, setup, nodes=nodes), done, failed)

    def add(self, path: str) -> None:
        """Put an engine into the list when it plays; the one in force stays."""

        def done(report: EngineReport) -> None:
            self.reports[report.path] = report
            self._keep_list(with_engine(self.entries, report.path, report.identity.name))

        self._operations.read("Looking at an engine", lambda: examine_engine(find_engine(path)), done, self._on_trouble)

    def remove(self, path: str) -> None:
        """Take an engine out of the list; the one in force cannot be. Its evaluations stay in the library."""
        if path == self.path:
            self.trouble.emit("This engine is in use. Choose another one first.")
            return
        self.reports.pop(path, None)
        self._keep_list(without_engine(self.entries, path))

    def set_options(self, path: str, chosen: Sequence[tuple[str, str]]) -> bool:
        """Choose all options of an engine anew; False when one cannot be, which `trouble` says."""
        report = self.reports.get(path)
        if report is None:
            return False
        try:
            entries = with_options(self.entries, path, chosen, report.options, reset=True)
        except KibitzError as error:
            self.trouble.emit(str(error))
            return False
        self._keep_list(entries)
        self._set_up_again(path)
        return True

    def set_syzygy(self, folder: str) -> None:
        """Use the endgame tables of this folder, or none for an empty one; a folder without tables is refused."""

        def done(found: tuple[int, str]) -> None:
            count, text = found
            if folder and not count:
                self.trouble.emit(text)
                return
            self.syzygy, self.tables_text = folder, text
            self._remember({"syzygy": folder or None})
            self.list_changed.emit()
            self._set_up_again(self.path)

        self._operations.read("Looking at endgame tables", lambda: _tables(folder), done, self._on_trouble)

    def describe_tables(self) -> None:
        """Find out what the folder of endgame tables holds; `list_changed` follows."""

        def done(found: tuple[int, str]) -> None:
            self.tables_text = found[1]
            self.list_changed.emit()

        folder = self.syzygy
        self._operations.read("Looking at endgame tables", lambda: _tables(folder), done, self._on_trouble)

    def ask_offer(self) -> None:
        """Find the official build for this processor; `offered` follows."""
        self._operations.read("Reading the list of releases", _offer, self.offered.emit, self._on_trouble)

    def refresh(self, source: str) -> None:
        """Take over a newer list of releases from a file or an https address."""

        def done(found: Releases) -> None:
            self.trouble.emit(f"The list of {found.updated} names {len(found.assets)} builds.")
            self.ask_offer()

        self._operations.read(
            "Refreshing the list of releases",
            lambda: refresh_releases(source, paths.engines_dir()),
            done,
            self._on_trouble,
        )

    def download(self, asset: Asset) -> None:
        """Fetch and install a build; it comes into force when it plays. The old one stays until then."""
        if self._download is not None:
            return

        def done(report: EngineReport) -> None:
            self._download = None
            self.reports[report.path] = report
            self._keep_list(with_engine(self.entries, report.path, report.identity.name))
            self.download_ended.emit(f"{report.identity.name} ({asset.build}) is installed and in use.")
            self.choose(report.path)

        def failed(error: Exception) -> None:
            self._download = None
            self.download_ended.emit(_words(error))

        self._download = self._operations.run(
            "Downloading Stockfish",
            lambda cancel, progress: install_engine(asset, paths.engines_dir(), progress=progress, cancel=cancel),
            done=done,
            failed=failed,
        )
        self._download.progressed.connect(self._on_progress)

    def cancel_download(self) -> None:
        """Stop it; what has arrived is kept."""
        if self._download is not None:
            self._download.cancel()

    def _on_progress(self, done: int, total: int, _text: str) -> None:
        self.download_changed.emit(done, total)

    def _keep_list(self, entries: tuple[EngineEntry, ...]) -> None:
        self.entries = entries
        self._remember({"engines": entries})
        self.list_changed.emit()

    def _set_up_again(self, path: str) -> None:
        """Options or tables are others: the engine in force gets its new identity, the page its new report."""
        if path:
            self.examine(path, measure=False)
        if path == self.path:
            self._look(self.path, chosen=False)

    def _on_trouble(self, error: Exception) -> None:
        self.trouble.emit(_words(error))

    def _look(self, override: str | None, *, chosen: bool) -> None:
        self._sequence += 1
        sequence = self._sequence

        def look() -> tuple[str, EngineIdentity, EngineSetup]:
            path = str(find_engine(override))
            setup = self.setup_of(path)
            if chosen:
                examine_engine(path, setup)
            return path, identify(path, setup=setup), setup

        def done(answer: tuple[str, EngineIdentity, EngineSetup]) -> None:
            if sequence == self._sequence:
                self._on_found(*answer, chosen=chosen)

        def failed(error: Exception) -> None:
            if sequence == self._sequence:
                self._on_missing(error)

        self._operations.read("Looking for the engine", look, done, failed)

    def _on_found(self, path: str, identity: EngineIdentity, setup: EngineSetup, *, chosen: bool) -> None:
        self.path, self.identity, self.error = path, identity, None
        if chosen:
            self._override = path
            self._remember({"engine_path": path})
            self._keep_list(with_engine(self.entries, path, identity.name))
        self.in_force.emit(path, identity, setup)
        self.found.emit(path, identity)
        self.list_changed.emit()

    def _on_missing(self, error: Exception) -> None:
        known = error if isinstance(error, KibitzError) else KibitzError(f"The engine could not be asked: {error}.")
        self.error = known
        if not self.path:
            self.identity = None
        self.missing.emit(known)


def _offer() -> Asset | None:
    return current_releases(paths.resource("engines"), paths.engines_dir()).best_for(processor())


def _tables(folder: str) -> tuple[int, str]:
    if not folder:
        return 0, "No endgame tables are used."
    found = tables_in(folder)
    return found.count, found.text


def _words(error: Exception) -> str:
    if isinstance(error, CancelledError):
        return error.text
    return str(error) if isinstance(error, KibitzError) else f"That did not work: {error}."
