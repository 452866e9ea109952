"""The workers of a batch as the dispatcher sees them: who lives, what each searches, whom to stop. No locks of its own.

Owned by `services.analyse_games`, which guards it with its lock.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from desktop_app.domain.batch import WorkerRow, WorkerState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.domain.game import Ply
    from desktop_app.domain.work import Chunk, JobItemId
    from desktop_app.ports import Evaluator
    from desktop_app.services.game_work import GameWork
    from desktop_app.services.job_run import Step

_NPS_WEIGHT = 0.3
"""How much the latest search counts in a worker's speed."""


FIRST_LANE = 1_000
"""Workers from this number on are lanes to an analysis server (`services.lane_desk`), the others engines here."""


@dataclass(slots=True)
class WorkerSlot:
    """One worker.

    Attributes:
        evaluator: its engine, None while it has none.
        opened: whether it had an engine since it was given its chunk; a fault without one is a failed start.
        chunk: what it was given and has not answered for.
        last_item: the game it worked on last, preferred for the next chunk.
        stop: its chunk is no longer wanted.
        name: of the server's worker that answered a lane last.
        thread: whose it is. A number is free once its worker has left, while that thread may still close its engine.
    """

    worker: int
    evaluator: Evaluator | None = None
    opened: bool = False
    chunk: Chunk | None = None
    last_item: JobItemId | None = None
    ply: Ply | None = None
    nodes_per_second: float = 0.0
    state: WorkerState = WorkerState.WAITING
    stop: bool = False
    name: str = ""
    thread: int = field(default_factory=threading.get_ident)

    def give(self, chunk: Chunk) -> None:
        """It is given a chunk."""
        self.chunk = chunk
        self.last_item = chunk.item_id
        self.opened = self.evaluator is not None
        self.stop = False
        self.ply = None
        self.state = WorkerState.SEARCHING

    def take(self, step: Step) -> None:
        """It is told what to do next."""
        if step.chunk is not None:
            self.give(step.chunk)
        elif step.item is not None:
            self.last_item = step.item.id

    def answered(self) -> None:
        """It answered for its chunk."""
        self.chunk = None
        self.stop = False
        self.state = WorkerState.WAITING

    def searched(self, ply: Ply, evaluation: Evaluation) -> None:
        """It finished one position."""
        self.ply = ply
        if evaluation.engine_ms > 0:
            speed = evaluation.nodes * 1000 / evaluation.engine_ms
            weight = _NPS_WEIGHT if self.nodes_per_second else 1.0
            self.nodes_per_second += weight * (speed - self.nodes_per_second)


@dataclass(slots=True)
class Crew:
    """All workers: `slots` of those alive, numbers `reserved` for those being started, and how many are `wanted`.

    `here` says whether this computer's engines work, `lanes` how many chunks an analysis server shall have at once.
    """

    wanted: int = 0
    here: bool = True
    lanes: int = 0
    slots: dict[int, WorkerSlot] = field(default_factory=dict)
    reserved: set[int] = field(default_factory=set)

    def enter(self, worker: int) -> WorkerSlot:
        """The worker's slot, made at its first pull."""
        self.reserved.discard(worker)
        return self.slots.setdefault(worker, WorkerSlot(worker))

    def mine(self, worker: int) -> WorkerSlot | None:
        """The slot of this number, if it is the calling thread's and not a successor's."""
        slot = self.slots.get(worker)
        return slot if slot is not None and slot.thread == threading.get_ident() else None

    def leave(self, worker: int) -> WorkerSlot | None:
        """The calling thread ends as this worker; returns its slot, None when it had left before."""
        slot = self.mine(worker)
        if slot is not None:
            del self.slots[worker]
        return slot

    def wants(self, worker: int) -> bool:
        """Whether this worker shall go on after its chunk."""
        return worker - FIRST_LANE < self.lanes if worker >= FIRST_LANE else self.here and worker < self.wanted

    @property
    def working(self) -> int:
        """Workers of both kinds that are wanted."""
        return (self.wanted if self.here else 0) + self.lanes

    def reserve_missing(self) -> tuple[int, ...]:
        """Numbers of engines to be started here now; they are not named again until they have left."""
        return self._reserve(range(self.wanted) if self.here else range(0))

    def reserve_lanes(self) -> tuple[int, ...]:
        """The same for lanes to a server."""
        return self._reserve(range(FIRST_LANE, FIRST_LANE + self.lanes))

    def _reserve(self, numbers: range) -> tuple[int, ...]:
        missing = tuple(worker for worker in numbers if worker not in self.slots and worker not in self.reserved)
        self.reserved.update(missing)
        return missing

    def stop_where(self, unwanted: Callable[[Chunk], bool]) -> list[Evaluator]:
        """Mark workers whose chunk is unwanted; returns their engines, to be stopped without the lock."""
        engines = []
        for slot in self.slots.values():
            if slot.chunk is not None and unwanted(slot.chunk):
                slot.stop = True
                if slot.evaluator is not None:
                    engines.append(slot.evaluator)
        return engines

    def rows(self, works: Mapping[JobItemId, GameWork]) -> tuple[WorkerRow, ...]:
        """The workers as shown."""
        rows = []
        for worker in sorted(self.slots):
            slot = self.slots[worker]
            work = works.get(slot.chunk.item_id) if slot.chunk else None
            retiring = not self.wants(worker) and slot.chunk is not None
            rows.append(
                WorkerRow(
                    worker=worker,
                    state=WorkerState.RETIRING if retiring else slot.state,
                    game_id=work.game_id if work else None,
                    title=work.title if work else "",
                    ply=slot.ply if slot.ply is not None or slot.chunk is None else slot.chunk.plies[0],
                    plies_done=work.plies_done if work else 0,
                    plies_total=work.plies_total if work else 0,
                    nodes_per_second=round(slot.nodes_per_second),
                    remote=worker >= FIRST_LANE,
                    name=slot.name,
                )
            )
        return tuple(rows)


def speed_of(rows: tuple[WorkerRow, ...]) -> int:
    """Nodes a second of all workers together; lanes that one worker of the server answers in turn count once."""
    far: dict[str, int] = {}
    for row in rows:
        if row.remote and row.game_id is not None:
            far[row.name] = max(far.get(row.name, 0), row.nodes_per_second)
    return sum(row.nodes_per_second for row in rows if not row.remote) + sum(far.values())
