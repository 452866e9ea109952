"""Writes games as annotated PGN: the human's text as it is, with what the engine found beside it, marked.

Blocking; runs on an operation thread or in a command, never on the GUI thread. Reads one game at a time, so memory
stays flat. The file appears complete or not at all: a temporary one in the same folder is written, synced, renamed.
Called by `kibitz export` and the window's export. The format is docs/export-format.md.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from desktop_app.analysis.review import review
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.judgement import LICHESS, RULES_VERSION, Grading
from desktop_app.errors import CancelledError, DiskFullError, EnvironmentLackingError, NotFoundError
from desktop_app.pgn.writer import MachineLayer, MachinePly, annotated_pgn, self_contained
from desktop_app.services.game_work import NothingToAnalyseError, main_line
from desktop_app.services.mark_moves import marks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from desktop_app.domain.game import GameRecord
    from desktop_app.library.evaluations import GameAnalysis
    from desktop_app.library.library import Library
    from desktop_app.library.marks import StoredLines
    from desktop_app.ports import CancelToken, ProgressSink

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote.

    Attributes:
        games: written.
        annotated: of these, with at least one score of ours.
        missing: asked for, but no longer in the library.
        seconds: it took.
        path: the file, "-" for standard output.
    """

    games: int
    annotated: int
    missing: int
    seconds: float
    path: str


def export_games(
    library: Library,
    ids: Sequence[GameId] | Sequence[int],
    out_path: str | Path,
    *,
    progress: ProgressSink | None = None,
    cancel: CancelToken | None = None,
    grading: Grading | None = None,
    marks: bool = False,
) -> ExportReport:
    """Write these games, in this order, to a file, or to standard output for "-".

    A game that is analysed in part is annotated as far as it is. With `marks` great, brilliant and only moves that were
    found (`services.mark_moves`) get their glyphs too. Raises CancelledError, EnvironmentLackingError (the
    folder cannot be written) or DiskFullError; an older file of that name is then as it was.
    """
    started = time.monotonic()
    games = annotated = 0
    with _destination(out_path) as out:
        watched = _watched(ids, progress, cancel)
        for text, has_scores in _texts(library, watched, grading or library.gradings.in_force, marks=marks):
            out.write((text + "\n\n").encode("utf-8", "replace"))
            games += 1
            annotated += has_scores
    return ExportReport(games, annotated, len(ids) - games, time.monotonic() - started, str(out_path))


def game_pgn(library: Library, game_id: GameId, *, grading: Grading | None = None) -> str:
    """One game as `export_games` writes it, for the clipboard. Raises NotFoundError."""
    stored = library.games.get(game_id)
    layer = machine_layer(stored.record, library.evaluations.of_game(game_id), grading or library.gradings.in_force)
    return _text(stored.record, layer)


def machine_layer(
    record: GameRecord,
    analysis: GameAnalysis | None,
    grading: Grading = LICHESS,
    lines: Mapping[Ply, StoredLines] | None = None,
) -> MachineLayer | None:
    """What our analysis says about a game, as far as it goes; None where it says nothing.

    `lines` are second lines whose marks are to be said too.
    """
    if analysis is None or not analysis.evaluations:
        return None
    found = analysis.evaluations
    try:
        line = main_line(record)
        verdicts = {verdict.ply: verdict for verdict in review(line, found, grading=grading).verdicts}
        marks = marks_of(line, lines or {})
    except NothingToAnalyseError:
        verdicts, marks = {}, {}
    plies = {}
    for ply, evaluation in found.items():
        verdict = verdicts.get(ply)
        judgement = verdict.judgement if verdict else None
        before = found.get(Ply(ply - 1)) if judgement else None
        plies[int(ply)] = MachinePly(
            evaluation.score, evaluation.depth, judgement, before.pv if before else (), marks.get(ply)
        )
    return MachineLayer(
        engine=analysis.engine.name,
        build=analysis.engine.build,
        nodes=analysis.nodes_each,
        rules=f"{grading.stamp} {RULES_VERSION}",
        plies=plies,
    )


def _texts(library: Library, ids: Iterable[int], grading: Grading, *, marks: bool) -> Iterator[tuple[str, bool]]:
    for game_id in ids:
        try:
            stored = library.games.get(game_id)
        except NotFoundError:
            continue
        analysis = library.evaluations.of_game(GameId(game_id)) if stored.row.evaluated else None
        lines = library.marks.of_game(GameId(game_id)) if marks and analysis else None
        layer = machine_layer(stored.record, analysis, grading, lines)
        yield _text(stored.record, layer), layer is not None


def _text(record: GameRecord, layer: MachineLayer | None) -> str:
    return self_contained(annotated_pgn(record, layer), dict(record.headers).get("Result", "*"))


def _watched(ids: Sequence[int], progress: ProgressSink | None, cancel: CancelToken | None) -> Iterator[int]:
    total = len(ids)
    for done, game_id in enumerate(ids):
        if cancel is not None and cancel.cancelled():
            raise CancelledError("The export was stopped; nothing was written.")
        if progress is not None:
            progress.progress(done, total, "Exporting games")
        yield game_id
    if progress is not None:
        progress.progress(total, total, "Exporting games")


@contextlib.contextmanager
def _destination(out_path: str | Path) -> Iterator[BinaryIO]:
    if str(out_path) == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(out_path)
    try:
        # A pipe or a device cannot be replaced by a file, and a link stays a link.
        path = path.resolve() if path.is_symlink() else path
        with _directly(path) if path.exists() and not path.is_file() else _replacing(path) as out:
            yield out
    except OSError as error:
        raise _explained(error, path) from error


@contextlib.contextmanager
def _directly(path: Path) -> Iterator[BinaryIO]:
    with path.open("wb") as out:
        yield out


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file beside `path` that takes its place once it is complete and on disk."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with partial.open("xb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _explained(error: OSError, path: Path) -> EnvironmentLackingError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return DiskFullError(
            f"There is no room left to write {path}.", action="Free some space, or export to another disk."
        )
    why = error.strerror or str(error)
    return EnvironmentLackingError(
        f"{path} cannot be written: {why}.", action="Choose a file in a folder that exists and that you may write to."
    )
