"""Gives stored games what duplicates of an import carry beyond them, and takes that back as one unit.

Blocking; any thread but the GUI's. In steps of a hundred games, each committed on its own; a killed process leaves each
game either as it was or enriched, and going on is doing it again. Nothing that is stored is ever lost: where both say
something, the stored word stands (`pgn.merge`). Called by the window and by `kibitz import --enrich`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from desktop_app.analysis.openings import OpeningBook
from desktop_app.domain.moves import unpack_moves
from desktop_app.errors import NotFoundError
from desktop_app.library.enrichments import Enriched
from desktop_app.library.prepared import prepare
from desktop_app.pgn.merge import merged_text, new_tags
from desktop_app.pgn.reader import read_game
from desktop_app.pgn.retag import retagged
from desktop_app.pgn.splitter import RawGame
from desktop_app.services.changes import Changes
from desktop_app.services.watch import QUIET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.bin import EnrichmentId
    from desktop_app.domain.game import GameId, GameRecord
    from desktop_app.domain.rows import BatchId
    from desktop_app.library.duplicates import Candidate
    from desktop_app.library.library import Library
    from desktop_app.services.watch import Watch

INITIATOR = "enrich"
_STEP_GAMES = 100


@dataclass(frozen=True, slots=True)
class EnrichReport:
    """What enriching did. `enrichment_id` is what undoing needs, None where no game was enriched."""

    games: int
    enrichment_id: EnrichmentId | None
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What undoing did; games that were changed again since `stayed` as they are."""

    games: int
    stayed: int
    cancelled: bool = False


def enrich_import(
    library: Library, batch_id: BatchId, *, moves_only: bool = False, watch: Watch = QUIET
) -> EnrichReport:
    """Enrich the stored games that duplicates of this import carry more for.

    `moves_only`: only those of which the library has a mere beginning. A game that somebody analyses at this moment
    keeps its moves until that is over.
    """
    total = library.duplicates.count_enrichable(batch_id)
    if not total:
        return EnrichReport(0, None)
    enrichment_id = library.enrichments.begin(batch_id)
    last = seen = done = 0
    stopped = False
    while not stopped:
        found = library.duplicates.candidates(batch_id, after=last, limit=_STEP_GAMES, moves_only=moves_only)
        if not found:
            break
        last = found[-1].game_id
        enriched = _step(library, enrichment_id, found)
        seen, done = seen + len({one.game_id for one in found}), done + len(enriched)
        if enriched:
            watch.announce(Changes(games=frozenset(enriched), initiator=INITIATOR))
        watch.tell(seen, total, f"Enriching: {done:,} games")
        stopped = watch.cancelled
    library.enrichments.finish(enrichment_id)
    return EnrichReport(done, enrichment_id if done else None, cancelled=stopped)


def take_back(library: Library, enrichment_id: EnrichmentId, *, watch: Watch = QUIET) -> TakenBack:
    """Give the games of an enrichment back what they were, in the bin too. What was changed again since stays."""
    back = stayed = last = 0
    while True:
        moved = library.enrichments.undo(enrichment_id, after=last, limit=_STEP_GAMES)
        if not moved.last_id:
            return TakenBack(back, stayed)
        last = moved.last_id
        back, stayed = back + len(moved.games) + moved.in_bin, stayed + moved.stayed
        if moved.games:
            watch.announce(Changes(games=frozenset(moved.games), initiator=INITIATOR))
        watch.tell(back + stayed, 0, f"Taking back: {back:,} games")
        if watch.cancelled:
            return TakenBack(back, stayed, cancelled=True)


def _step(library: Library, enrichment_id: EnrichmentId, found: Sequence[Candidate]) -> list[GameId]:
    enriched, refused = [], []
    busy = library.jobs.live_games()
    for game_id, group in groupby(found, key=lambda one: one.game_id):
        some = list(group)
        try:
            stored = library.games.get(game_id).record
        except NotFoundError:
            continue  # it is in the bin now
        new, took = _richer(stored, some)
        longer = new.moves != stored.moves or new.partial != stored.partial
        if new.pgn == stored.pgn:
            refused += [one.id for one in some]
        elif not (longer and game_id in busy):
            enriched.append(Enriched(game_id, stored.pgn, prepare(_named(new)), longer, tuple(took)))
            refused += [one.id for one in some if one.id not in took]
    library.duplicates.refuse(refused)
    return library.enrichments.enrich(enrichment_id, enriched)


def _richer(stored: GameRecord, found: Sequence[Candidate]) -> tuple[GameRecord, list[int]]:
    """The game with all that its duplicates carry, and those that had something."""
    record, took = stored, []
    for one in found:
        other = read_record(one.text)
        new = None if other is None else combined(record, other)
        if new is not None:
            record = new
            took.append(one.id)
    return record, took


def combined(stored: GameRecord, other: GameRecord) -> GameRecord | None:
    """The stored game with what a duplicate carries beyond it; None where that is nothing that can be taken over.

    A whole game takes the place of its beginning: its moves count then, with the beginning's words beside them.
    """
    if (stored.variant, stored.start_fen) != (other.variant, other.start_fen):
        return None
    longer = stored.partial is not None and (other.partial is None or other.ply_count > stored.ply_count)
    text = _with_tags_of(stored, merged_text(other, stored)) if longer else merged_text(stored, other)
    if text == stored.pgn:
        return None
    new = read_record(text)
    moves = other.moves if longer else stored.moves
    if new is None or new.moves != moves:
        return None
    return new if longer else replace(new, partial=stored.partial, not_judged=stored.not_judged)


def _with_tags_of(stored: GameRecord, text: str) -> str:
    """The text of a whole game with the tags that were stored for its beginning; its result is its own."""
    record = read_record(text)
    if record is None:
        return text
    ours = {
        name: value for name, value in new_tags(stored.headers, ()).items() if name not in {"Result", "Termination"}
    }
    changed = {name: value for name, value in ours.items() if record.header_map.get(name) != value}
    return retagged(text, changed) if changed else text


def read_record(text: str) -> GameRecord | None:
    """A game's text as the careful reader reads it."""
    data = text.encode("utf-8", "replace")
    return read_game(RawGame(index=0, line=1, byte_offset=0, data=data, size=len(data), nonblank=len(data))).record


def _named(record: GameRecord) -> GameRecord:
    """The record with its opening, where its rules and start allow one."""
    if record.variant not in ("chess", "chess960") or not record.moves:
        return record
    return replace(record, opening=OpeningBook.load().name(unpack_moves(record.moves), record.start_fen))
