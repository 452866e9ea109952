"""The doctor's checks of engine, build and endgame tables.

Blocking: engines are started and search. Only known errors are raised; `services.doctor`, which calls this, turns them
into results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.checks import Check
from desktop_app.domain.engine_setup import EngineSetup
from desktop_app.engine.discovery import find_engine
from desktop_app.engine.processor import processor
from desktop_app.engine.syzygy import tables_in
from desktop_app.errors import KibitzError
from desktop_app.services.engines import SPEED_NODES, EngineReport, advise, examine_engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.engine_setup import EngineEntry

_OTHERS = 4
"""How many other engines are measured to compare with."""


class EngineChecks:
    """Looks at one engine once, for several checks. One thread."""

    def __init__(self, engine: str | None, syzygy: str = "", engines: Sequence[EngineEntry] = ()) -> None:
        """`engine` None looks in the usual places; `engines` is the user's list, with their options."""
        self._engine, self._syzygy, self._engines = engine, syzygy, engines
        self._report: EngineReport | None = None

    def check_engine(self) -> Check:
        """An engine is found, answers as one, and searches; says how fast."""
        path = find_engine(self._engine)
        options = next((entry.options for entry in self._engines if entry.path == path), ())
        found = self._report = examine_engine(path, EngineSetup(options, self._syzygy), nodes=SPEED_NODES)
        name, speed = found.identity.name, found.nodes_per_second or 0
        return Check(
            "engine",
            ok=True,
            text=f"{name} at {path}, {speed:,} nodes a second on one core.",
            details={
                "path": path,
                "name": name,
                "build": found.identity.build,
                "options": dict(found.identity.options),
                "compiled_for": sorted(found.flags),
                "nodes_per_second": speed,
            },
        )

    def check_processor(self) -> Check:
        """The engine is built for this processor, or a faster build is named. To be asked after `check_engine`."""
        computer = processor()
        details = {
            "model": computer.model,
            "architecture": computer.architecture,
            "features": sorted(computer.features),
            "possible_build": None,
        }
        if self._report is None:
            text = f"{computer.model or computer.architecture}; there is no engine to compare with."
            return Check("processor", ok=True, text=text, needed=False, details=details)
        advice = advise(self._report)
        if advice.better is not None:
            advice = advise(self._report, self._measured_others())
            details["possible_build"] = advice.better.name if advice.better else None
        return Check(
            "processor",
            ok=advice.better is None,
            text=advice.text,
            action=advice.action,
            needed=False,
            details=details,
            otherwise="slow",
        )

    def check_tables(self) -> Check:
        """The folder of endgame tables holds whole tables, where one is chosen."""
        if not self._syzygy:
            return Check("tables", ok=True, text="No folder of Syzygy endgame tables is chosen.", needed=False)
        found = tables_in(self._syzygy)
        whole = bool(found.count) and not (found.missing or found.broken or found.without_distance)
        text, action = found.text, "Choose the folder that holds the .rtbw and .rtbz files, or complete it."
        offered = {option.name.lower() for option in self._report.options} if self._report else {"syzygypath"}
        if whole and "syzygypath" not in offered:
            whole, action = False, "Choose an engine that uses tables, for example Stockfish."
            text += " The engine does not use them."
        return Check(
            "tables",
            ok=whole,
            text=text,
            action="" if whole else action,
            needed=False,
            details={
                "path": found.folder,
                "by_men": {str(men): number for men, number in found.by_men},
                "missing": list(found.missing),
                "broken": list(found.broken),
                "digest": found.digest,
            },
            otherwise="note",
        )

    def _measured_others(self) -> list[EngineReport]:
        measured = []
        for entry in self._engines[:_OTHERS]:
            if self._report is not None and entry.path == self._report.path:
                continue
            try:
                measured.append(examine_engine(entry.path, nodes=SPEED_NODES))
            except KibitzError:
                continue  # the engine page says what is wrong with it
        return measured
