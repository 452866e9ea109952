"""Lets a batch search on an analysis server too: makes and ends the connection, keeps the lanes, says how it stands.

`RemoteWorkers` is the headless core for the window and the command line. `tick` is asked a few times a second, from any
one thread, and touches memory only; whatever waits (network, library, keyring) runs on threads of its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from desktop_app.domain.evaluation import EngineIdentity
from desktop_app.errors import EnvironmentLackingError, KibitzError, ServerIncompatibleError
from desktop_app.remote.client import ServerClient
from desktop_app.remote.crew import RemoteCrew
from desktop_app.remote.link import LinkState, ServerLink
from desktop_app.remote.spot_checks import DEFAULT_SHARE, Trust

if TYPE_CHECKING:
    from desktop_app.ports import Evaluator
    from desktop_app.services.lane_desk import LaneDesk, RunningJob

_log = logging.getLogger(__name__)

_JOIN_S = 10.0
_ASK_AGAIN_S = 1.0
_USUAL_HASH_MB = "16"

OpenClient: TypeAlias = Callable[[], ServerClient]
FindChecker: TypeAlias = Callable[[EngineIdentity], "Callable[[int], Evaluator] | None"]


@dataclass(frozen=True, slots=True)
class RemotePlan:
    """How servers are used.

    Attributes:
        open_client: makes the client; called on a thread of its own, since it may ask the keyring.
        find_checker: opens this computer's engine for spot checks, given the job's identity; None where it is another.
        most_lanes: never more chunks at the server at once.
        share: of chunks searched again here.
    """

    open_client: OpenClient
    find_checker: FindChecker
    most_lanes: int = 64
    share: float = DEFAULT_SHARE


class _Assignment:
    """One job at one server, from the first connection to the farewell."""

    def __init__(self, batch: LaneDesk, job: RunningJob, plan: RemotePlan, *, clock: Callable[[], float]) -> None:
        self.job, self._batch, self._plan, self._clock = job, batch, plan, clock
        self._lock = threading.Lock()
        self._ending: bool | None = None
        self.crew: RemoteCrew | None = None
        self.error: KibitzError | None = None
        self.threads: list[threading.Thread] = []
        self._begin = self._thread(self._connect, "kibitz-server-begin")

    def _thread(self, target: Callable[[], None], name: str) -> threading.Thread:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self.threads.append(thread)
        thread.start()
        return thread

    def _connect(self) -> None:
        try:
            client = self._plan.open_client()
            link = ServerLink(
                client,
                engine=self.job.engine,
                name=f"Kibitz, job {self.job.job_id}",
                job_key=self._batch.running_job_key(self.job.job_id),
                clock=self._clock,
            )
            crew = RemoteCrew(
                link,
                self._batch,
                self.job.engine,
                most_lanes=self._plan.most_lanes,
                trust=Trust(share=self._plan.share),
                open_checker=self._plan.find_checker(self.job.engine),
                on_refused=self._on_refused,
            )
        except KibitzError as error:
            self.error = error
            return
        except Exception as error:  # noqa: BLE001 - told where the connection's state is shown
            _log.exception("the server cannot be asked")
            self.error = KibitzError(f"The server cannot be asked: {type(error).__name__}: {error}")
            return
        with self._lock:
            ended = self._ending is not None
            if not ended:
                self.crew = crew
                link.start()
        if ended:
            client.close()

    def _on_refused(self, error: KibitzError) -> None:
        """On a lane's thread, which has given its chunk back."""
        self.error = error
        self._batch.throw_away_remote()

    def keep_lanes(self) -> None:
        """Start the lanes that are missing."""
        crew = self.crew
        if crew is None:
            return
        for worker in self._batch.claim_lanes():
            self._thread(lambda number=worker: self._batch.run_lane(number, crew.work), f"kibitz-lane-{worker}")  # type: ignore[misc]  # a lambda's default

    def end(self, *, finished: bool) -> None:
        """Begin to part; returns at once. See `ServerLink.close`."""
        with self._lock:
            if self._ending is not None:
                return
            self._ending = finished
            crew = self.crew
        if crew is not None:
            crew.stop()
            self._thread(lambda: self._farewell(crew, finished=finished), "kibitz-server-farewell")

    def _farewell(self, crew: RemoteCrew, *, finished: bool) -> None:
        crew.link.close(finished=finished)
        me = threading.current_thread()
        for thread in [one for one in self.threads if one is not me]:
            thread.join(_JOIN_S)
        crew.link.join(_JOIN_S)
        crew.close_checker()

    @property
    def alive(self) -> bool:
        """Whether a thread of it still runs."""
        return any(thread.is_alive() for thread in self.threads)

    def join(self, timeout_s: float) -> bool:
        """Wait for all its threads; whether they ended."""
        deadline = time.monotonic() + timeout_s
        for thread in list(self.threads):
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
        return not self.alive


class RemoteWorkers:
    """Server workers of one batch. Call everything but `connection`, `fault` and `join` from one thread."""

    def __init__(self, batch: LaneDesk, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._batch, self._clock = batch, clock
        self._plan: RemotePlan | None = None
        self._here = True
        self._now: _Assignment | None = None
        self._past: list[_Assignment] = []
        self._closed = False

    def use(self, plan: RemotePlan | None, *, here: bool) -> None:
        """Where to search from now on: with None at no server; `here` with this computer's engines.

        A job that runs moves: chunks at a server that is left are taken back, and nothing stored is lost.
        """
        if plan is not self._plan:
            self._part(finished=True)
        self._plan, self._here = plan, here
        self.tick()

    def tick(self) -> None:
        """Keep connection and lanes as the running job needs them."""
        if self._closed:
            return
        self._past = [one for one in self._past if one.alive]
        job = self._batch.running_job()
        if self._now is not None and self._now.job != job:
            self._part(finished=True)
        if self._now is None and job is not None and self._plan is not None:
            self._now = _Assignment(self._batch, job, self._plan, clock=self._clock)
        crew = self._now.crew if self._now is not None else None
        self._batch.set_place(here=self._here, lanes=crew.lanes if crew is not None else 0)
        if self._now is not None:
            self._now.keep_lanes()

    @property
    def connection(self) -> str:
        """How the server stands, in a sentence; "" without one, or while all is well. Any thread."""
        now = self._now
        if now is None:
            return ""
        if now.error is not None:
            return str(now.error)
        crew = now.crew
        if crew is None:
            return "Connecting to the server …"
        status = crew.link.status
        said = status.sentence(self._clock())
        if said or status.state is not LinkState.READY:
            return said
        if status.info is not None and not status.info.workers:
            return "The server has no workers just now; it is asked again"
        return "" if crew.checks else "Not spot-checked: this computer has not the same engine"

    @property
    def fault(self) -> KibitzError | None:
        """Why nothing will come from the server any more in this job; None while it may. Any thread."""
        now = self._now
        if now is None:
            return None
        if now.error is not None:
            return now.error
        status = now.crew.link.status if now.crew is not None else None
        if status is not None and status.state is LinkState.REFUSED:
            return ServerIncompatibleError(status.error)
        return None

    def try_now(self) -> None:
        """Ask a server that is waited for at once."""
        if self._now is not None and self._now.crew is not None:
            self._now.crew.link.try_now()

    def finish(self, *, ended: bool = False) -> None:
        """The program ends; returns at once. Unless the job has `ended` too, the server goes on with what it has.

        The next start fetches that.
        """
        self._closed = True
        self._part(finished=ended)

    def join(self, *, budget_s: float = _JOIN_S) -> bool:
        """After `finish`, and after the batch was told to stop: wait for all threads; whether they ended."""
        joined = [one.join(budget_s) for one in self._past]
        return all(joined)

    def _part(self, *, finished: bool) -> None:
        if self._now is not None:
            self._now.end(finished=finished)
            self._past.append(self._now)
            self._now = None


def server_identity(client: ServerClient, *, patience_s: float = 0.0) -> EngineIdentity:
    """The identity of evaluations by this server's engine, as a worker makes them: one thread, our hash, no options.

    A server that was just started learns of its workers within seconds: that is waited for as long as `patience_s`.

    Raises ServerError kinds; EnvironmentLackingError while no worker has told its engine.
    """
    deadline = time.monotonic() + patience_s
    pause = threading.Event()
    while (engine := client.info().engine) is None and time.monotonic() < deadline:
        pause.wait(_ASK_AGAIN_S)
    if engine is None:
        raise EnvironmentLackingError(
            "The server has no workers just now, so its engine is not known.", action="Try again when it has."
        )
    return EngineIdentity(engine.name, engine.build, engine.options or (("Hash", _USUAL_HASH_MB), ("Threads", "1")))


def same_engine(one: EngineIdentity, other: EngineIdentity) -> bool:
    """Whether evaluations of both may be mixed: the same program, the same file, the same options but for its size."""
    return (one.name, one.build, _chosen(one)) == (other.name, other.build, _chosen(other))


def _chosen(engine: EngineIdentity) -> tuple[tuple[str, str], ...]:
    """The options somebody chose; hash and threads follow from what is searched."""
    return tuple(option for option in engine.options if option[0] not in {"Hash", "Threads"})
