"""Import: files, folders, archives, standard input or pasted text -> games in the library, and a receipt of it all.

Blocking; runs on the caller's thread (an Operations thread in the window, the main thread of a command), which only
coordinates: reading is done by `services.import_pool`'s processes, writing by the library's writer. Games are committed
in batches as they come, each with its problems in the same transaction, so that a killed import has told the truth
about what is there. Memory is flat whatever the size of the source.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import sys
import tempfile
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from desktop_app.domain.receipt import RECEIPT_PROBLEMS, Problem, ProblemKind, Receipt
from desktop_app.domain.rows import BatchState
from desktop_app.errors import CancelledError
from desktop_app.library.prepared import PreparedGames
from desktop_app.pgn.sources import Source, open_sources, shown
from desktop_app.services.changes import Changes
from desktop_app.services.duplicates import DuplicateNotes, Places
from desktop_app.services.enrich_games import enrich_import
from desktop_app.services.import_pool import ReadingPool, read_here
from desktop_app.services.import_reading import BlockRead, SourceRead, eager_reading_process, reading_process
from desktop_app.services.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from typing import BinaryIO

    from desktop_app.domain.rows import AddOutcome, BatchId
    from desktop_app.library.library import Library
    from desktop_app.ports import CancelToken, ProgressSink

logger = logging.getLogger(__name__)

STANDARD_INPUT = "-"
INITIATOR = "import"
_FIRST_COMMIT_GAMES = 250
"""The first games are there at once; then each commit takes twice as many, up to the most."""
_COMMITS_AT_ONCE = 2
"""Handed to the writer: one that it works on, and one for the moment when that is done."""
_COMMIT_S = 1.0
_LEAST_GAMES = 1_000
"""Without indexes, games only come behind one another, and large commits share no pages: the writer need not wait."""
_FORESEEN_GAMES = 1_000
"""After so many new games the rest can be foreseen from the bytes."""
_SMALL_BYTES = 1024 * 1024
"""Less than this is read by one process: a second would not have started before the first is done."""


class _Pace(NamedTuple):
    """How large commits grow: most games in one, and the seconds that one should take.

    Each game touches pages at random places of indexes; the more share a commit, the fewer pages are written. But
    whoever else writes, such as an analysis its results, waits for it.
    """

    games: int
    seconds: float


_BEHIND_OTHERS = _Pace(10_000, 0.15)
_ALONE = _Pace(20_000, 0.4)


def import_sources(
    library: Library,
    paths: Sequence[str | Path],
    *,
    progress: ProgressSink | None = None,
    cancel: CancelToken | None = None,
    workers: int = 2,
    background: bool = True,
    on_changes: Callable[[Changes], None] | None = None,
) -> Receipt:
    """Import everything these paths name; "-" is standard input, and pipes are read to their end first.

    `workers` reading processes are used, fewer for little text; 0 reads in the calling process (never in the window's).
    In the `background` they leave the processor to everything else; a command that only imports has no reason to.
    Indexes that a big import leaves out are built behind it: `library.indexes.restore()` tells when that is done.
    Progress counts bytes on disk. `on_changes` is called after each commit, on this thread. When `cancel` says so, what
    was committed stays and the receipt is marked cancelled. Raises LibraryError kinds; bad sources are problems in the
    receipt, never exceptions.
    """
    with tempfile.TemporaryDirectory(prefix="kibitz-import-") as folder:
        sources = [source for path in paths for source in _named_sources(path, Path(folder))]
        name = ", ".join(shown(path) for path in paths)
        run = _Import(library, name, sources, progress=progress, cancel=cancel, on_changes=on_changes)
        return run.run(workers, background=background)


def import_text(
    library: Library,
    text: str,
    name: str = "pasted text",
    *,
    progress: ProgressSink | None = None,
    cancel: CancelToken | None = None,
    workers: int = 1,
    on_changes: Callable[[Changes], None] | None = None,
) -> Receipt:
    """Import pasted text under this name; otherwise as `import_sources`."""
    with tempfile.TemporaryDirectory(prefix="kibitz-import-") as folder:
        path = Path(folder) / "text.pgn"
        path.write_bytes(text.encode("utf-8", "replace"))
        sources = [Source(str(path), name, path.stat().st_size)]
        return _Import(library, name, sources, progress=progress, cancel=cancel, on_changes=on_changes).run(
            workers, background=True
        )


def _named_sources(path: str | Path, folder: Path) -> Iterator[Source]:
    # Every reading process opens the source by itself, and a pipe can be read once.
    if str(path) == STANDARD_INPUT:
        if sys.stdin is None:
            yield Source("", "standard input", fault="Standard input is closed: nothing can be read from it.")
        else:
            yield _spooled(sys.stdin.buffer, "standard input", folder)
    elif Path(path).is_fifo():
        try:
            with Path(path).open("rb") as pipe:
                yield _spooled(pipe, shown(path), folder)
        except OSError as error:
            yield Source(str(path), shown(path), fault=f"{shown(path)} cannot be read: {error.strerror}.")
    else:
        yield from open_sources([path])


def _spooled(stream: BinaryIO, name: str, folder: Path) -> Source:
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        shutil.copyfileobj(stream, file)
    return Source(file.name, name, Path(file.name).stat().st_size)


class _Import:
    """One import under way."""

    def __init__(
        self,
        library: Library,
        name: str,
        sources: Sequence[Source],
        *,
        progress: ProgressSink | None,
        cancel: CancelToken | None,
        on_changes: Callable[[Changes], None] | None,
    ) -> None:
        self._library = library
        self._name = name
        self._sources = sources
        self._progress = progress
        self._cancel = cancel
        self._on_changes = on_changes
        self._started = time.monotonic()
        self._batch_id: BatchId = library.imports.begin(name)
        self._account = _SourceAccount()
        self._prepared = PreparedGames()
        self._in_flight: deque[_Commit] = deque()
        self._waiting: list[Problem] = []
        self._committed_at = self._started
        self._commit_games = _FIRST_COMMIT_GAMES
        self._pace = _BEHIND_OTHERS
        self._total = sum(source.size for source in sources)
        self._done_bytes = 0
        self._told_bytes = 0
        self._deferred = False
        self._imported = self._duplicates = self._rejected = self._repaired = self._unaccounted = 0
        self._problems: list[Problem] = []
        self._omitted = 0
        self._notes = DuplicateNotes(library, self._batch_id)
        self._completed = 0

    def run(self, workers: int, *, background: bool) -> Receipt:
        """Read, store, tell."""
        self._pace = _BEHIND_OTHERS if background else _ALONE
        state = BatchState.INTERRUPTED
        try:
            try:
                self._read_all(workers, background=background)
                state = BatchState.DONE
            except CancelledError:
                state = BatchState.CANCELLED
                self._settle()
            self._library.imports.finish(self._batch_id, self._receipt(cancelled=False), state)
            if self._notes.longer:
                watch = Watch(on_changes=self._on_changes)
                self._completed = enrich_import(self._library, self._batch_id, moves_only=True, watch=watch).games
            receipt = self._receipt(cancelled=state is BatchState.CANCELLED)
        except BaseException:
            with contextlib.suppress(Exception):  # the first error is the one to tell
                self._settle()
            with contextlib.suppress(Exception):
                self._library.imports.finish(self._batch_id, self._receipt(cancelled=True), BatchState.INTERRUPTED)
            raise
        finally:
            self._library.indexes.restore()  # whoever left them out: another import may have ended before this one
        logger.info("Import of %s %s: %d games read", self._name, state, receipt.read)
        return receipt

    def _read_all(self, workers: int, *, background: bool) -> None:
        if not workers:
            self._take_all(read_here(self._sources, self._cancel))
            return
        target = reading_process if background else eager_reading_process
        with ReadingPool(workers if self._total > _SMALL_BYTES else 1, self._cancel, target=target) as pool:
            self._take_all(pool.read(self._sources))

    def _take_all(self, messages: Iterator[BlockRead | SourceRead]) -> None:
        for message in messages:
            if isinstance(message, BlockRead):
                self._block(message)
            else:
                self._source_end(message)
            while self._in_flight and self._in_flight[0].answer.done():
                self._settle_one()
            if self._is_due():
                self._commit()
            if self._cancel is not None and self._cancel.cancelled():
                self._commit()
                self._settle()
                raise CancelledError("The import was cancelled.")
        self._commit()
        self._settle()

    def _is_due(self) -> bool:
        """Whether to hand over what waits: enough of it, or, with nothing else under way, anything that is worth it."""
        enough = self._commit_games
        if not self._in_flight:
            if time.monotonic() - self._committed_at > _COMMIT_S:
                return True
            if self._deferred:
                enough = min(enough, _LEAST_GAMES)
        return len(self._prepared) >= enough

    def _block(self, block: BlockRead) -> None:
        account = self._account
        account.accounted += block.accounted
        self._notes.block(len(self._prepared), self._sources[block.source].name, account.games, block.problems)
        self._prepared.extend(block.prepared)
        found = block.problems
        if block.other_encoding is not None and not account.encoding_told:
            account.encoding_told = True
            found = [block.other_encoding, *found]
        for problem in found:
            index = problem.game_index
            account.add(problem if index is None else replace(problem, game_index=index + account.games))
        account.games += block.games
        if account.games:
            self._waiting += account.take()
        self._tell(self._done_bytes + block.position, self._sources[block.source].name)

    def _source_end(self, end: SourceRead) -> None:
        source, account = self._sources[end.source], self._account
        self._account = _SourceAccount()
        if end.binary:
            account.accounted = end.nonblank  # the whole source is one problem
        self._unaccounted += abs(end.nonblank - account.accounted)
        self._waiting += account.finish(source.name, end)
        self._done_bytes += source.size
        self._tell(self._done_bytes, source.name)

    def _commit(self) -> None:
        """Hand what waits to the library's writer, in one transaction; reading goes on meanwhile."""
        while len(self._in_flight) >= _COMMITS_AT_ONCE:
            self._settle_one()
        if len(self._prepared) or self._waiting:
            prepared, problems = self._prepared, self._waiting
            self._prepared, self._waiting = PreparedGames(), []
            answer = self._library.games.submit_prepared(self._batch_id, prepared, problems)
            self._in_flight.append(_Commit(answer, problems, prepared, self._notes.take()))
        self._committed_at = time.monotonic()

    def _settle(self) -> None:
        """Wait for the commits under way."""
        while self._in_flight:
            self._settle_one()

    def _settle_one(self) -> None:
        """Wait for the first commit under way, and only then count what it stored."""
        commit = self._in_flight.popleft()
        outcome = commit.answer.result()
        self._adapt(len(commit.prepared), outcome.seconds)
        self._imported += len(outcome.imported)
        self._duplicates += len(outcome.duplicates)
        self._count(commit.problems)
        if not self._deferred and self._imported >= _FORESEEN_GAMES:
            self._deferred = self._library.indexes.defer(self._foreseen())
        self._notes.note(commit.prepared, outcome.duplicates, commit.places)
        if outcome.imported and self._on_changes is not None:
            self._on_changes(Changes(games=frozenset(outcome.imported), added=True, initiator=INITIATOR))

    def _foreseen(self) -> int:
        """How many new games are still to come, if the rest of the bytes is like those that were read."""
        read = min(self._told_bytes, self._total)
        return round(self._imported * (self._total - read) / max(read, 1))

    def _adapt(self, games: int, seconds: float) -> None:
        """So many games a commit as the library stores in the time it should take; more only step by step."""
        fitting = round(games * self._pace.seconds / max(seconds, 1e-6)) if games else self._commit_games
        self._commit_games = max(_FIRST_COMMIT_GAMES, min(fitting, 2 * self._commit_games, self._pace.games))

    def _count(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            if problem.kind is ProblemKind.REPAIRED:
                self._repaired += 1
            elif problem.game_index is not None:
                self._rejected += 1
            if len(self._problems) < RECEIPT_PROBLEMS:
                self._problems.append(replace(problem, text=""))
            else:
                self._omitted += 1

    def _tell(self, done: int, name: str) -> None:
        self._told_bytes = done
        if self._progress is not None:
            games = self._imported + self._duplicates + len(self._prepared)
            self._progress.progress(min(done, self._total), self._total, f"{name}: {games:,} games read")

    def _receipt(self, *, cancelled: bool) -> Receipt:
        return Receipt(
            imported=self._imported,
            duplicates=self._duplicates,
            rejected=self._rejected,
            repaired=self._repaired,
            seconds=time.monotonic() - self._started,
            bytes_unaccounted=self._unaccounted,
            problems=tuple(self._problems),
            problems_omitted=self._omitted,
            cancelled=cancelled,
            batch_id=self._batch_id,
            completed=self._completed,
            enrichable=self._notes.enrichable,
        )


class _Commit(NamedTuple):
    """Games and problems handed to the library's writer."""

    answer: Future[AddOutcome]
    problems: list[Problem]
    prepared: PreparedGames
    places: list[Places]


class _SourceAccount:
    """What one source has given so far. Stray text is held back until a game shows that there are games at all."""

    def __init__(self) -> None:
        self.games = 0
        self.accounted = 0
        self.encoding_told = False
        self._held: list[Problem] = []

    def add(self, problem: Problem) -> None:
        """Hold a problem until `take` or `finish`."""
        self._held.append(problem)

    def take(self) -> list[Problem]:
        """Everything held."""
        held, self._held = self._held, []
        return held

    def finish(self, name: str, end: SourceRead) -> list[Problem]:
        """The last problems: one for a source without any game, one for a source that could not be read to its end."""
        held = self.take()
        if end.fault:
            return [*held, _fault(name, end.fault, held)] if self.games else [_fault(name, end.fault, [])]
        if self.games:
            return held
        if not end.nonblank:
            return [_fault(name, f"{name} is empty: there is no game in it.", [])]
        return [_fault(name, f"{name} holds no game: nothing in it looks like PGN.", held)]


def _fault(name: str, reason: str, held: Sequence[Problem]) -> Problem:
    """A problem of a whole source; it belongs to no game."""
    first = held[0] if held else None
    line, offset = (first.line, first.byte_offset) if first else (1, 0)
    return Problem(name, None, line, offset, ProblemKind.REJECTED, reason, {}, first.text if first else "")
