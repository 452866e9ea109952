"""The remote workers of one job: lanes that pull chunks, have them searched by the server, check and hand them over.

To the batch a lane is a worker like any other (`ports.ChunkSource`); on its thread runs `RemoteCrew.work`. There are a
few more lanes than the server has workers, so that a worker never waits for the way there and back. A chunk is whole
from one engine: the server answers all of it, or it goes back. Used by `services.remote_job`, for window and terminal.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Final, Protocol

from desktop_app.domain.work import Chunk, ChunkResult
from desktop_app.errors import (
    CancelledError,
    EngineFaultError,
    KibitzError,
    ServerBusyError,
    ServerError,
    ServerIncompatibleError,
    ServerLiedError,
)
from desktop_app.ports import ChunkSource
from desktop_app.remote.checks import check_answer
from desktop_app.remote.link import ChunkFailedError, LinkState
from desktop_app.remote.spot_checks import Trust, search_again

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.domain.evaluation import EngineIdentity, Evaluation
    from desktop_app.domain.game import Ply
    from desktop_app.ports import Evaluator
    from desktop_app.remote.link import ServerLink, Ticket
    from desktop_app.remote.protocol import ChunkAnswer, PositionProgress

_log = logging.getLogger(__name__)

MOST_LANES: Final = 128
_LOOK_S = 0.5
_LONGEST_NAP_S = 30.0


class LaneSource(ChunkSource, Protocol):
    """What the batch offers lanes beyond other workers."""

    def lane_wanted(self, worker: int) -> bool:
        """Whether this lane shall go on."""

    def name_worker(self, worker: int, name: str) -> None:
        """Show this name for the lane: the server's worker that answered it last."""

    def came_from_server(self, chunk: Chunk) -> None:
        """Note, so that it survives a crash, that evaluations of this game are from the server. Before `hand_over`."""


def lanes_for(workers: int, most: int) -> int:
    """How many chunks shall be on their way to so many workers: half as many again, and one; 0 for none."""
    return 0 if workers < 1 else min(most, MOST_LANES, workers + workers // 2 + 1)


class RemoteCrew:
    """All lanes of one job to one server. Everything may be called from any thread; `work` is a lane's whole life."""

    def __init__(
        self,
        link: ServerLink,
        source: LaneSource,
        engine: EngineIdentity,
        *,
        most_lanes: int,
        trust: Trust,
        open_checker: Callable[[int], Evaluator] | None,
        on_refused: Callable[[KibitzError], None],
    ) -> None:
        """Prepare.

        Args:
            link: connection, not started yet.
            source: the batch.
            engine: the job's identity.
            most_lanes: never more than these.
            trust: sample of what is searched again here.
            open_checker: opens a local engine with a hash of so many MB for that; None where the same is not here.
            on_refused: told once, on a lane's thread, when the server lied: what came from it is to be thrown away.
        """
        self.link = link
        self._source, self._engine, self._most_lanes = source, engine, most_lanes
        self._trust, self._open_checker, self._on_refused = trust, open_checker, on_refused
        self._stopped = threading.Event()
        self._vetted = threading.Event()
        self._checking = threading.Lock()
        self._told = threading.Lock()
        self._checker: tuple[Evaluator, int] | None = None
        self._refused = False
        if open_checker is None or trust.first < 1:
            self._vetted.set()

    @property
    def lanes(self) -> int:
        """How many lanes there should be now: by what the server offers; at least one, which waits for it."""
        status = self.link.status
        if status.state in {LinkState.REFUSED, LinkState.CLOSED}:
            return 0
        workers = status.info.chunks_at_once if status.info is not None else 0
        return max(1, lanes_for(workers, self._most_lanes))

    @property
    def trust(self) -> Trust:
        """What spot checks found so far."""
        return self._trust

    @property
    def checks(self) -> bool:
        """Whether a local engine can search again."""
        return self._open_checker is not None

    def stop(self) -> None:
        """Lanes end; their chunks go back. Returns at once. Tickets are dropped by the link's `close`."""
        self._stopped.set()
        self._vetted.set()
        checker = self._checker
        if checker is not None:
            checker[0].stop()

    def cancelled(self) -> bool:
        """`ports.CancelToken`, for a check under way."""
        return self._stopped.is_set()

    def close_checker(self) -> None:
        """End the engine that checks; after the lanes have ended."""
        with self._checking:
            self._part_with_checker()

    def work(self, worker: int) -> None:
        """A lane: until it is no longer wanted."""
        try:
            while self._await_server(worker):
                chunk = self._source.pull(worker)
                if chunk is None:
                    return
                self._answer(worker, chunk)
        finally:
            self._source.attach(worker, None)

    # -- a lane's thread -------------------------------------------------------------------------------------------

    def _await_server(self, worker: int) -> bool:
        while self._source.lane_wanted(worker) and not self._stopped.is_set():
            if self.link.status.state in {LinkState.REFUSED, LinkState.CLOSED}:
                return False
            if self.link.await_ready(_LOOK_S):
                return True
        return False

    def _answer(self, worker: int, chunk: Chunk) -> None:
        """Every chunk is answered for once: handed over, given back, or failed."""
        ticket: Ticket | None = None
        heard: set[Ply] = set()

        def hear(news: PositionProgress) -> None:
            if news.ply in chunk.plies and news.ply not in heard:
                heard.add(news.ply)
                self._source.name_worker(worker, news.worker)
                self._source.evaluated(worker, chunk, news.ply, news.evaluation)

        try:
            ticket = self.link.submit(chunk, hear)
            self._source.attach(worker, _OnTheServer(self._engine, ticket))
            self._source.checkpoint(worker)
            answer = ticket.wait()
            self._vet(chunk, answer)
            self._source.name_worker(worker, answer.worker)
            for ply, evaluation in answer.evaluations:
                if ply not in heard:
                    self._source.evaluated(worker, chunk, ply, evaluation)
            self._source.came_from_server(chunk)
            result = ChunkResult(chunk, answer.engine, answer.evaluations, answer.warmup_nodes, answer.engine_ms)
            self._source.hand_over(worker, result)
        except ChunkFailedError as error:
            self._source.failed(worker, chunk, str(error))
        except (ServerLiedError, ServerIncompatibleError) as error:
            self._source.give_back(worker, chunk)
            self._refuse(error)
        except KibitzError as error:
            if ticket is not None and isinstance(error, CancelledError):
                self.link.take_back(ticket)
            self._source.give_back(worker, chunk)
            self._nap(error)
        except Exception as error:  # noqa: BLE001 - the boundary of a worker: whatever it was, the chunk gets its answer
            _log.exception("lane %d, game %d: internal error", worker, chunk.game_id)
            self._source.failed(worker, chunk, f"internal error: {type(error).__name__}: {error}")

    def _nap(self, error: KibitzError) -> None:
        """A request that failed is not repeated at once, even while the stream of events still stands."""
        if isinstance(error, ServerBusyError):
            self._stopped.wait(min(_LONGEST_NAP_S, error.retry_after_s))
        elif isinstance(error, ServerError):
            self._stopped.wait(_LOOK_S)

    def _vet(self, chunk: Chunk, answer: ChunkAnswer) -> None:
        """Raise what speaks against an answer; wait until the server's first ones were searched again."""
        odd = check_answer(chunk, answer, self._engine)
        if self._open_checker is None:
            return
        with self._told:
            chosen = self._trust.wants() or odd
        if not chosen:
            self._vetted.wait()
            self._refuse_untrusted()
            return
        with self._checking:
            self._refuse_untrusted()
            try:
                pairs = search_again(chunk, answer, self._checker_for(chunk), self)
            except (EngineFaultError, CancelledError) as error:
                self._part_with_checker()
                _log.warning("a remote chunk could not be searched again here: %s", error)
                if self._stopped.is_set():
                    raise CancelledError("This chunk is no longer wanted.") from error
                pairs = []
            self._trust.learn(pairs)
            if self._trust.refused:
                raise self._untrusted()
            if self._trust.seen >= self._trust.first:
                self._vetted.set()

    def _refuse_untrusted(self) -> None:
        if self._stopped.is_set():
            raise CancelledError("This chunk is no longer wanted.")
        if self._trust.refused:
            raise self._untrusted()

    def _untrusted(self) -> ServerLiedError:
        return ServerLiedError(
            f"The server's evaluations are not what its engine finds here: {self._trust.off} of "
            f"{self._trust.checked} positions searched again differ widely.",
            action="What came from it in this job is thrown away and searched again. Tell whoever runs the server.",
        )

    def _checker_for(self, chunk: Chunk) -> Evaluator:
        """With `_checking` held."""
        hash_mb = chunk.spec.hash_mb
        if self._checker is not None and self._checker[1] != hash_mb:
            self._part_with_checker()
        if self._checker is None:
            assert self._open_checker is not None  # noqa: S101 - asked before
            self._checker = self._open_checker(hash_mb), hash_mb
        return self._checker[0]

    def _part_with_checker(self) -> None:
        checker, self._checker = self._checker, None
        if checker is not None:
            with contextlib.suppress(Exception):
                checker[0].close()

    def _refuse(self, error: KibitzError) -> None:
        with self._told:
            first, self._refused = not self._refused, True
        self.link.refuse(error)
        self._vetted.set()
        if first:
            _log.error("the server is refused: %s", error)
            if isinstance(error, ServerLiedError):
                self._on_refused(error)


class _OnTheServer:
    """What the batch sees as a lane's engine: it can be stopped, nothing else."""

    def __init__(self, identity: EngineIdentity, ticket: Ticket) -> None:
        self._identity, self._ticket = identity, ticket

    @property
    def identity(self) -> EngineIdentity:
        """The job's."""
        return self._identity

    def new_game(self) -> None:
        """The server's business."""

    def evaluate(self, *, root_fen: str, moves: Sequence[str], chess960: bool, limit_nodes: int) -> Evaluation:
        """Never called."""
        raise NotImplementedError

    def stop(self) -> None:
        """Any thread: wait no longer."""
        self._ticket.stop()

    def close(self) -> None:
        """Nothing is open here."""
