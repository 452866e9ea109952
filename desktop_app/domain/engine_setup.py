"""How an engine is to be set up: the options its user chose, and where endgame tables are. Values; any thread.

The engine's own identity (`EngineIdentity.options`) tells what of this was really set; see `engine.options`.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class EngineSetup:
    """What an engine is told when it starts, besides threads and hash.

    Attributes:
        options: UCI options chosen by the user, as name and value; what the engine does not know is left out.
        syzygy: folder of Syzygy tables, or several joined by the system's path separator; empty for none.
    """

    options: tuple[tuple[str, str], ...] = ()
    syzygy: str = ""


PLAIN = EngineSetup()
"""The engine's own defaults, no tables."""


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """One engine in the user's list.

    Attributes:
        path: the program.
        name: as it called itself when it was added, or the user's name for it.
        options: chosen UCI options; only those that differ from the engine's defaults.
    """

    path: str
    name: str = ""
    options: tuple[tuple[str, str], ...] = field(default=())
