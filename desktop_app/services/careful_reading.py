"""One game the careful way, with its opening: what an import does with each game that is not plainly laid out.

Runs in reading processes; pure. Called by `services.import_reading`, which loads it with the first such game.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.analysis.openings import OpeningBook
from desktop_app.domain.moves import unpack_moves
from desktop_app.domain.receipt import Problem, ProblemKind
from desktop_app.pgn.reader import Reading, read_game

if TYPE_CHECKING:
    from desktop_app.domain.game import GameRecord
    from desktop_app.pgn.splitter import RawGame


def read_named(raw: RawGame, source: str) -> Reading:
    """The game with its opening, or the problem that it is; `source` is its name for people. Raises nothing."""
    try:
        reading = read_game(raw, source=source)
    except Exception as error:  # noqa: BLE001  # a bug in reading one game must not cost the others
        return crashed(raw, source, f"Kibitz failed to read this game ({type(error).__name__}: {error})")
    return reading if reading.record is None else replace(reading, record=_named(reading.record))


def crashed(raw: RawGame, source: str, why: str) -> Reading:
    """The reading of a game that could not be read through a fault of ours: rejected, with its text."""
    text = raw.data.decode("utf-8", "replace")
    reason = f"{why}; it was left out. Please report it with this text."
    return Reading(None, Problem(source, raw.index, raw.line, raw.byte_offset, ProblemKind.REJECTED, reason, {}, text))


def _named(record: GameRecord) -> GameRecord:
    """The record with its opening, where its rules and start allow one."""
    if record.variant not in ("chess", "chess960") or not record.moves:
        return record
    return replace(record, opening=OpeningBook.load().name(unpack_moves(record.moves), record.start_fen))
