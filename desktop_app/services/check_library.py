"""Checks a library from the file up to the meaning of what it holds, and repairs what can be repaired.

Blocking; any thread but the GUI's. Called by `kibitz doctor` and by the window's File > Library > Check. Texts are read
again as an import would read them and compared with the stored moves: a sample, or all of them.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from desktop_app.domain.care import Finding, Soundness
from desktop_app.domain.filters import GameQuery
from desktop_app.errors import CancelledError, KibitzError
from desktop_app.library.owners import this_owner
from desktop_app.library.soundness import check_counts, repair
from desktop_app.pgn.fast.blocks import FastReader, Run
from desktop_app.pgn.reader import read_game
from desktop_app.pgn.splitter import RawGame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.game import GameId
    from desktop_app.library.library import Library
    from desktop_app.ports import CancelToken, ProgressSink

SAMPLE_GAMES = 500
"""So many texts are read in about two seconds; a fault that a hundredth of the games has is then surely seen."""

_NAMED = 10
_STEPS_TOLD = 50


def check_library(
    library: Library,
    *,
    full: bool = False,
    physical: bool = True,
    progress: ProgressSink | None = None,
    cancel: CancelToken | None = None,
) -> Soundness:
    """Look at everything. Raises CancelledError, LibraryError kinds.

    Args:
        library: whose games.
        full: read all texts instead of a sample.
        physical: let the database system check its file first, which reads all of it.
        progress: told while texts are read.
        cancel: asked then.
    """
    said = library.check() if physical else []
    findings = [Finding("damage", f"The file is damaged: {one}.", _RESTORE_ACTION) for one in said]
    if findings:
        return Soundness(0, 0, 0, tuple(findings))
    findings += check_counts(library.database)
    ids: Sequence[GameId] = library.games.ids(GameQuery())
    total = len(ids)
    if not full and total > SAMPLE_GAMES:
        ids = random.Random(total).sample(list(ids), SAMPLE_GAMES)  # noqa: S311 -- a sample, not a secret
    findings += _check_texts(library, ids, progress, cancel)
    return Soundness(total, len(ids), library.positions.coverage().indexed, tuple(findings))


def repair_library(library: Library, findings: Sequence[Finding]) -> list[Finding]:
    """Mend what can be mended; returns what is left. Raises LibraryError kinds."""
    library.jobs.recover(this_owner())
    return [finding for finding in findings if not (finding.repairable and repair(library.database, finding))]


_RESTORE_ACTION = "Go back to a backup (kibitz backup list), or export what can be read into a new library."


def _check_texts(
    library: Library, ids: Sequence[GameId], progress: ProgressSink | None, cancel: CancelToken | None
) -> list[Finding]:
    fast = FastReader({})
    unreadable: list[int] = []
    different: list[int] = []
    for done, game_id in enumerate(ids):
        if cancel is not None and cancel.cancelled():
            raise CancelledError("The check was stopped.")
        if progress is not None and done % _STEPS_TOLD == 0:
            progress.progress(done, len(ids), "Reading games again")
        try:
            record = library.games.get(game_id).record
        except KibitzError:
            continue  # it went meanwhile, or has no text, which the counts tell
        except Exception:  # noqa: BLE001 -- whatever a damaged text raises is what we look for
            unreadable.append(int(game_id))
            continue
        if _moves_in(record.pgn.encode("utf-8", "surrogatepass"), fast) != (record.moves, record.ply_count):
            different.append(int(game_id))
    found = []
    for kind, games, what in (
        ("unreadable", unreadable, "cannot be read"),
        ("different", different, "has other moves in its text than are stored"),
    ):
        if games:
            listed = ", ".join(map(str, games[:_NAMED])) + (" …" if len(games) > _NAMED else "")
            text = f"{len(games):,} of {len(ids):,} games looked at: the game {what} (ids {listed})."
            found.append(Finding(kind, text, _RESTORE_ACTION, len(games)))
    return found


def _moves_in(data: bytes, fast: FastReader) -> tuple[bytes, int] | None:
    """Packed moves and plies of a stored text, read as an import would; None where there is no game in it."""
    match list(fast.read(data)):
        case [Run(games=games)] if len(games.moves) == 1:
            return games.moves[0], games.ply_counts[0]
    record = read_game(RawGame(0, 1, 0, data, len(data), len(data))).record
    return None if record is None else (record.moves, record.ply_count)
