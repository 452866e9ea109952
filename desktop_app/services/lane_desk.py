"""The side of a batch that lanes to an analysis server see, beyond `services.chunk_desk`; where a job is searched.

Lanes are workers with numbers from `FIRST_LANE` on. Called by `services.remote_job`; any thread, memory only, except
`came_from_server`, `running_job_key` and `throw_away_remote`, which wait for the library.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.errors import KibitzError
from desktop_app.services.chunk_desk import BACK_OFF_S, ChunkDesk, stop_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.domain.game import GameId
    from desktop_app.domain.work import Chunk, JobId
    from desktop_app.library.library import Library
    from desktop_app.services.batch_listener import BatchListener

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunningJob:
    """The job that runs, and the engine its evaluations are by."""

    job_id: JobId
    engine: EngineIdentity


class LaneDesk(ChunkDesk):
    """A `remote.crew.LaneSource`."""

    def __init__(
        self,
        library: Library,
        listener: BatchListener,
        *,
        clock: Callable[[], float] = time.monotonic,
        back_off_s: float = BACK_OFF_S,
    ) -> None:
        super().__init__(library, listener, clock=clock, back_off_s=back_off_s)
        self._noted: set[tuple[JobId, GameId]] = set()

    def set_place(self, *, here: bool, lanes: int) -> None:
        """Search with this computer's engines or not, and have so many chunks at a server at once."""
        with self._lock:
            if (self._crew.here, self._crew.lanes) == (here, lanes):
                return
            self._crew.here, self._crew.lanes = here, lanes
            self._lock.notify_all()

    def running_job(self) -> RunningJob | None:
        """The job that runs or is paused here, None without one."""
        with self._lock:
            run = self._run
            return None if run is None or self._closed else RunningJob(run.job_id, run.key.engine)

    def claim_lanes(self) -> tuple[int, ...]:
        """Numbers of lanes to be started now, each by `run_lane` on a thread of its own; named only once."""
        with self._lock:
            return () if self._run is None or self._closed else self._crew.reserve_lanes()

    def run_lane(self, worker: int, work: Callable[[int], None]) -> None:
        """Be this worker on the calling thread; what it left unanswered goes back."""
        with self._lock:
            self._crew.enter(worker)
        try:
            work(worker)
        except Exception as error:
            logger.exception("worker %d ended by an internal error", worker)
            self._halt(KibitzError(f"A worker ended by an internal error: {type(error).__name__}: {error}"))
        finally:
            with self._lock:
                slot = self._crew.leave(worker)
                if slot is not None and slot.chunk is not None:
                    self._take_back(slot, slot.chunk)
                self._lock.notify_all()

    def lane_wanted(self, worker: int) -> bool:
        """Whether this lane shall go on."""
        with self._lock:
            return not self._closed and self._run is not None and self._crew.wants(worker)

    def name_worker(self, worker: int, name: str) -> None:
        """The server's worker that answered this lane last."""
        with self._lock:
            slot = self._crew.mine(worker) or self._crew.slots.get(worker)
            if slot is not None:
                slot.name = name

    # -- what came from a server -----------------------------------------------------------------------------------

    def running_job_key(self, job_id: JobId) -> str:
        """The job's name at servers: the same after a restart, another for every other job of any library."""
        return self._library.remote_origins.job_key(job_id)

    def came_from_server(self, chunk: Chunk) -> None:
        """Note, before it is stored, that evaluations of this game are a server's."""
        with self._lock:
            run = self._run
        if run is None or (run.job_id, chunk.game_id) in self._noted:
            return
        if self._stores(lambda: self._library.remote_origins.note(run.job_id, chunk.game_id)):
            self._noted.add((run.job_id, chunk.game_id))

    def throw_away_remote(self) -> int:
        """Forget what servers found in this job, and what was copied from it, and search it again. Returns games."""
        with self._lock:
            run = self._run
            if run is None:
                return 0
            for work in run.works.values():
                work.dropped = True
            engines = self._crew.stop_where(lambda _chunk: True)
            waiting = list(self._waiting)
        stop_all(engines)
        games = self._library.remote_origins.throw_away(run.job_id, run.key)
        with self._lock:
            self._noted.clear()
        logger.warning("job %d: %d games are searched again", run.job_id, len(games))
        self.resume(run.job_id)
        with self._lock:
            self._waiting = waiting
        return len(games)

    def resume(self, job_id: JobId) -> None:
        """Run a stored job; `AnalysisBatch` knows how."""
        raise NotImplementedError
