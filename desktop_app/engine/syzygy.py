"""A folder of Syzygy endgame tables: which are there, which are missing, and a digest of that. Blocking, no engine.

Engines probe the tables themselves (`SyzygyPath`); python-chess only names them. Any thread but the window's. Called by
`engine.options`, `services.doctor` and the engine page.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import chess.syzygy

_WDL_MAGIC = b"\x71\xe8\x23\x5d"
"""First bytes of a `.rtbw` file (the tables' own format, as in Stockfish's syzygy/tbprobe.cpp)."""
_SUFFIXES = (".rtbw", ".rtbz")
_NAMED = 6
"""How many missing tables are named before the rest is counted."""


@dataclass(frozen=True, slots=True)
class SyzygyTables:
    """What a folder (or several) holds.

    Attributes:
        folder: as it was asked for.
        by_men: number of men on the board, kings included, and how many win/draw/loss tables there are for it.
        missing: tables without which the largest number of men is not whole, in the tables' own spelling.
        without_distance: tables whose `.rtbz` is missing: the result is known, the way to it is not.
        broken: names of files that are no tables.
        digest: of names and sizes: other tables, another digest; wherever the folder lies.
        problem: why nothing could be read, else "".
    """

    folder: str
    by_men: tuple[tuple[int, int], ...] = ()
    missing: tuple[str, ...] = ()
    without_distance: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    digest: str = ""
    problem: str = ""

    @property
    def count(self) -> int:
        """How many win/draw/loss tables there are."""
        return sum(number for _, number in self.by_men)

    @property
    def text(self) -> str:
        """One or more sentences for the user."""
        if self.problem:
            return self.problem
        men = ", ".join(f"{number} with {count} men" for count, number in self.by_men)
        parts = [f"{self.count} Syzygy tables in {self.folder}: {men}."]
        for names, words in (
            (self.missing, "Missing"),
            (self.without_distance, "Without the .rtbz file beside them"),
            (self.broken, "No tables, or damaged"),
        ):
            if names:
                more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
                parts.append(f"{words}: {', '.join(names[:_NAMED])}{more}.")
        return " ".join(parts)


def tables_in(folders: str) -> SyzygyTables:
    """Look at a folder, or at several joined by the system's path separator. Never raises."""
    sizes: dict[str, int] = {}
    broken: list[str] = []
    for folder in filter(None, folders.split(os.pathsep)):
        try:
            for path in sorted(Path(folder).expanduser().iterdir()):
                if path.suffix in _SUFFIXES and path.name not in sizes:
                    if path.suffix == ".rtbw" and not _is_table(path):
                        broken.append(path.name)
                    else:
                        sizes[path.name] = path.stat().st_size
        except OSError as error:
            return SyzygyTables(
                folders, problem=f"The folder of endgame tables {folder} cannot be read: {error.strerror}."
            )
    names = {name.removesuffix(".rtbw") for name in sizes if name.endswith(".rtbw")}
    known = names & set(chess.syzygy.tablenames(piece_count=chess.syzygy.TBPIECES))
    if not known:
        problem = f"There are no Syzygy tables (.rtbw files) in {folders}."
        return SyzygyTables(folders, broken=tuple(broken), problem=problem)
    by_men = Counter(len(name) - 1 for name in known)
    wanted = chess.syzygy.tablenames(piece_count=max(by_men))
    text = "\n".join(f"{name} {size}" for name, size in sorted(sizes.items()))
    return SyzygyTables(
        folders,
        by_men=tuple(sorted(by_men.items())),
        missing=tuple(sorted((name for name in wanted if name not in known), key=lambda name: (len(name), name))),
        without_distance=tuple(sorted(name for name in known if f"{name}.rtbz" not in sizes)),
        broken=tuple(broken),
        digest=f"{len(known)} tables {hashlib.sha256(text.encode()).hexdigest()[:16]}",
    )


def _is_table(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_WDL_MAGIC)) == _WDL_MAGIC
