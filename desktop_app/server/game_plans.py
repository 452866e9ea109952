"""What the server searches of a game it was given, round by round, and what it says in the end. Pure; any thread.

The same core as on the desktop: `analysis.plan` cuts, `analysis.anytime` says what is still in doubt, `analysis.review`
judges. All state is in the answers so far, so that a server that was killed goes on by itself. Called by
`server.dispatcher`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from desktop_app.analysis.anytime import POLICIES, wanted
from desktop_app.analysis.confidence import confidence
from desktop_app.analysis.payload import chunk_to_payload, result_from_payload, result_to_payload
from desktop_app.analysis.plan import plan_game, plan_round
from desktop_app.analysis.review import Mainline, review
from desktop_app.domain.evaluation import EngineIdentity
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.judgement import GRADINGS
from desktop_app.domain.profile import Profile, SearchSpec
from desktop_app.domain.served import Json, NewChunk
from desktop_app.domain.work import Chunk, ChunkResult, JobItemId
from desktop_app.library.server_events import deflate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.domain.served import ServedBatch, ServedGame

_NOBODY = (JobItemId(0), GameId(0))
"""Chunks here belong to no job of a library."""

FIRST_STAGE, DEEPENING_STAGE = 0, 1


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do with a game: search these `chunks`, or tell its `event`, or say that it failed for this `reason`.

    `known` counts plies that no engine is asked for, in a first round.
    """

    chunks: tuple[NewChunk, ...] = ()
    event: bytes | None = None
    reason: str = ""
    known: int = 0


def next_step(batch: ServedBatch, game: ServedGame, answers: Sequence[Json]) -> NextStep:
    """What a game needs after these answers to its chunks (none of them is open)."""
    spec = _spec(batch)
    plan = plan_game(
        item_id=_NOBODY[0], game_id=_NOBODY[1], root_fen=game.root_fen, moves=game.moves, chess960=game.chess960,
        spec=SearchSpec.of_nodes(batch.nodes or 1),
    )  # fmt: skip
    if plan.not_judged:
        return NextStep(reason=f"The game cannot be analysed: {plan.not_judged}.")
    line = Mainline.walk(plan.root_fen, plan.moves, chess960=game.chess960)
    found = _Found.of(dict(plan.over), answers)
    if batch.nodes is not None:
        chunks = () if answers else plan.chunks
    else:
        whole = Chunk(*_NOBODY, plan.root_fen, plan.moves, game.chess960, (), None, spec)
        wants = wanted(
            line, found.evaluations, POLICIES[spec.profile], grading=GRADINGS[batch.grading or "lichess"],
            extra_nodes=found.warmup_nodes,
        )  # fmt: skip
        chunks = tuple(plan_round(whole, [want.ply for want in wants], wants[0].limit_nodes)) if wants else ()
    if chunks:
        stage = DEEPENING_STAGE if answers else FIRST_STAGE
        new = tuple(_new_chunk(game, chunk, len(answers) + number, stage) for number, chunk in enumerate(chunks))
        return NextStep(chunks=new, known=0 if answers else len(plan.over))
    return NextStep(event=deflate(_told(batch, game, line, found)))


def chunk_of_payload(payload: Json) -> Chunk:
    """The chunk that a client sent, or that was planned here."""
    return Chunk(
        *_NOBODY,
        root_fen=payload["root_fen"],
        moves=tuple(payload["moves"]),
        chess960=payload["chess960"],
        plies=tuple(Ply(ply) for ply in payload["plies"]),
        warmup_ply=None if payload["warmup_ply"] is None else Ply(payload["warmup_ply"]),
        spec=SearchSpec.of_nodes(payload["limit_nodes"]),
    )


def checked_answer(payload: Json, result: Json) -> ChunkResult:
    """A worker's answer to the chunk with this payload. Raises ValueError for one that does not answer it."""
    return result_from_payload({**result, **chunk_to_payload(chunk_of_payload(payload))})


@dataclass(frozen=True, slots=True)
class _Found:
    """All that is known of a game's positions."""

    evaluations: dict[Ply, Evaluation]
    engine: Json | None
    warmup_nodes: int

    @classmethod
    def of(cls, over: Mapping[Ply, Evaluation], answers: Sequence[Json]) -> _Found:
        """From the finished positions and the answers, in the order they were planned."""
        evaluations = dict(over)
        engine, warmup = None, 0
        for answer in answers:
            result = checked_answer(answer["payload"], answer["result"])
            engine = answer["result"]["engine"]
            warmup += result.warmup_nodes
            for ply, evaluation in result.evaluations:
                earlier = evaluations.get(ply)
                evaluations[ply] = evaluation if earlier is None else evaluation.deepening(earlier)
        return cls(evaluations, engine, warmup)


def _spec(batch: ServedBatch) -> SearchSpec:
    if batch.nodes is not None:
        return SearchSpec.of_nodes(batch.nodes)
    return SearchSpec.of_profile(Profile(batch.profile or Profile.STANDARD))


def _new_chunk(game: ServedGame, chunk: Chunk, number: int, stage: int) -> NewChunk:
    payload = {
        "root_fen": chunk.root_fen,
        "moves": list(chunk.moves),
        "chess960": chunk.chess960,
        "plies": list(chunk.plies),
        "warmup_ply": chunk.warmup_ply,
        "limit_nodes": chunk.limit_nodes,
        "hash_mb": chunk.spec.hash_mb,
    }
    return NewChunk(f"{game.number}/{number}", deflate(payload), stage)


def _told(batch: ServedBatch, game: ServedGame, line: Mainline, found: _Found) -> Json:
    """The event of a settled game."""
    grading = GRADINGS[batch.grading or "lichess"]
    said = review(line, found.evaluations, grading=grading)
    sure = confidence(line, found.evaluations, grading=grading)
    plies = tuple(sorted(found.evaluations))
    nobody = EngineIdentity("", "")
    whole = Chunk(*_NOBODY, line.root_fen, line.moves, line.chess960, plies, None, SearchSpec.of_nodes(1))
    evaluations = tuple((ply, found.evaluations[ply]) for ply in plies)
    return {
        "ref": game.ref,
        "number": game.number,
        "engine": found.engine,
        "evaluations": result_to_payload(ChunkResult(whole, nobody, evaluations, 0, 0))["evaluations"],
        "verdicts": [{**asdict(verdict), "confidence": _rounded(sure.get(verdict.ply))} for verdict in said.verdicts],
        "summary": _summary(asdict(said.summary)),
        "grading": grading.name,
    }


def _summary(summary: dict[str, Any]) -> Json:
    return {**summary, "phases": list(summary["phases"])}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
