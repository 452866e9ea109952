"""What a running batch tells the outside: snapshots to draw, and news as things happen. Frozen, picklable, any thread.

Two kinds of news (ARCHITECTURE): `PositionNews` is ephemeral (may be dropped, never stored); `ItemNews` and `JobNews`
come after the commit they speak of. Made by `services.analyse_games`, drawn by the window and the command line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.domain.game import GameId, Ply
    from desktop_app.domain.profile import SearchSpec
    from desktop_app.domain.work import ItemState, JobId, JobItemId, JobState


class Stage(StrEnum):
    """How far an anytime analysis is: the thin pass over all games, then rounds where verdicts could still change."""

    FIRST_LOOK = "first look"
    CLOSER = "looking closer"


class WorkerState(StrEnum):
    """What a worker does right now. `retiring` ends after its chunk; `waiting` has nothing to do yet."""

    WAITING = "waiting"
    SEARCHING = "searching"
    PAUSED = "paused"
    RETIRING = "retiring"


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One worker as the batch panel shows it.

    Attributes:
        worker: its number, from 0.
        game_id, title: the game it works on ("Anand - Carlsen"), None and "" while it waits.
        ply: the last position it finished, before that the first one it will; None without a game.
        plies_done, plies_total: of that game, by all workers.
        nodes_per_second: of its last searches, 0 before the first.
        remote: it is a chunk's place at an analysis server; `name` then is the server's worker that answered last.
    """

    worker: int
    state: WorkerState
    game_id: GameId | None
    title: str
    ply: Ply | None
    plies_done: int
    plies_total: int
    nodes_per_second: int
    remote: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One game of the job, in queue order; `error` says why it failed or was skipped.

    `looked` says that it has its first look, so that its verdicts are there and may still change.
    """

    item_id: JobItemId
    game_id: GameId
    title: str
    state: ItemState
    plies_done: int
    plies_total: int
    attempts: int
    error: str
    looked: bool = False


@dataclass(frozen=True, slots=True)
class WaitingJob:
    """A job queued behind the running one."""

    job_id: JobId
    games: int
    spec: SearchSpec


@dataclass(frozen=True, slots=True)
class BatchCounters:
    """What this process did for one job; the summary line of `kibitz analyse` (product.md section 3).

    Attributes:
        games_done, games_failed, games_skipped: items that ended; skipped ones had nothing to analyse.
        positions: positions that got their first evaluation, searched or copied; finished ones (mate, stalemate) do not
            count.
        positions_reused: those copied from equal positions instead of searched.
        searches, searches_reused: searches stored, and searches saved by copying, of all rounds: a position that is
            looked at again counts again.
        nodes: nodes of stored searches; `warmup_nodes` of searches made only to warm the hash.
        engine_seconds: sum of the times between `go` and `bestmove`; `wall_seconds` since the job was started here.
    """

    games_done: int = 0
    games_failed: int = 0
    games_skipped: int = 0
    positions: int = 0
    positions_reused: int = 0
    searches: int = 0
    searches_reused: int = 0
    nodes: int = 0
    warmup_nodes: int = 0
    engine_seconds: float = 0.0
    wall_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class BatchSnapshot:
    """The whole batch at one moment; cheap enough to ask for five times a second.

    Attributes:
        job_id, state, spec: None when there is no job at all.
        error: why the job failed or paused by itself (an engine that cannot be started), else "".
        workers, wanted_workers: workers alive, and asked for.
        items_*: games of the job by state; skipped ones count as done in the bar.
        positions_total, positions_done: of the whole job, what earlier runs stored included; done with a first look.
        stage: of an anytime job, None in the reproducible mode. `items_looked`: games that have their first look, ended
            ones included.
        progress: of all the work, 0…1; never goes back while a job runs.
        positions_per_second: searches, smoothed; `eta_s` seconds left, None while unknown or paused.
        nodes_per_second: of all workers together.
        counters: what this process did.
        worker_rows: one for each worker alive. queue_rows: the job's games, running first, then queued in order,
            then failed, then done; at most `QUEUE_ROWS` (`items_total` says how many there are).
        waiting_jobs: jobs queued behind this one.
        connection: how the analysis server stands, where there is something to say of it: a sentence, else "".
    """

    job_id: JobId | None = None
    state: JobState | None = None
    spec: SearchSpec | None = None
    error: str = ""
    workers: int = 0
    wanted_workers: int = 0
    items_total: int = 0
    items_queued: int = 0
    items_running: int = 0
    items_done: int = 0
    items_failed: int = 0
    items_cancelled: int = 0
    items_skipped: int = 0
    positions_total: int = 0
    positions_done: int = 0
    stage: Stage | None = None
    items_looked: int = 0
    progress: float = 0.0
    positions_per_second: float = 0.0
    nodes_per_second: int = 0
    eta_s: float | None = None
    counters: BatchCounters = field(default_factory=BatchCounters)
    worker_rows: tuple[WorkerRow, ...] = ()
    queue_rows: tuple[QueueRow, ...] = ()
    waiting_jobs: tuple[WaitingJob, ...] = ()
    connection: str = ""


QUEUE_ROWS = 500
"""Most rows of the queue in one snapshot: more than anybody scrolls through, few enough to copy at each tick."""


@dataclass(frozen=True, slots=True)
class PositionNews:
    """One position was evaluated, perhaps not stored yet. Ephemeral.

    Attributes:
        sequence: grows with each news of this process, so that late ones can be told.
        reused: copied from an equal position instead of searched.
        stage: which part of an anytime analysis it belongs to; None in the reproducible mode, where it is final.
    """

    job_id: JobId
    game_id: GameId
    worker: int
    ply: Ply
    evaluation: Evaluation
    sequence: int
    reused: bool = False
    stage: Stage | None = None


@dataclass(frozen=True, slots=True)
class ItemNews:
    """A game of the job changed state (committed). `error` is why it failed, or why it was skipped, else "".

    With `looked` a running game has just got its first look: all its verdicts are there, provisionally.
    """

    job_id: JobId
    item_id: JobItemId
    game_id: GameId
    state: ItemState
    error: str = ""
    skipped: bool = False
    looked: bool = False


@dataclass(frozen=True, slots=True)
class JobNews:
    """The job changed state (committed). `error` is why it failed or paused by itself, else ""."""

    job_id: JobId
    state: JobState
    error: str = ""


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """What an analysis would cost, for the confirm sheet.

    Attributes:
        games: games that would be analysed; `skipped` have nothing to analyse.
        positions: positions to search or copy; `already_stored` are there from an earlier run of the same analysis.
        nodes_each: nodes a position is expected to take; an anytime profile's depends on the game.
        reusable: at most so many of `positions` could be copied from other games (an estimate; 0 in reproducible mode).
        seconds: expected wall time with the workers asked for.
    """

    games: int
    skipped: int
    positions: int
    already_stored: int
    reusable: int
    seconds: float
    nodes_each: int = 0
