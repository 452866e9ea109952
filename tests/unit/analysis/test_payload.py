"""Payloads: what goes out as JSON comes back equal, and what is malformed is refused."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.analysis.payload import (
    chunk_from_payload,
    chunk_to_payload,
    result_from_payload,
    result_to_payload,
)
from desktop_app.domain.evaluation import Cp, EngineIdentity, Evaluation, Mate, Over
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.profile import Profile, SearchSpec
from desktop_app.domain.work import Chunk, ChunkResult, JobItemId

counts = st.integers(0, 2**40)
scores = st.one_of(
    st.builds(Cp, st.integers(-30_000, 30_000)),
    st.builds(Mate, st.integers(-200, 200).filter(bool)),
    st.builds(Over, st.sampled_from([True, False, None])),
)
evaluations = st.builds(
    Evaluation,
    score=scores,
    depth=counts,
    nodes=counts,
    best=st.none() | st.just("e2e4"),
    pv=st.lists(st.sampled_from(["e2e4", "e7e8q"])).map(tuple),
    engine_ms=counts,
)
chunks = st.builds(
    Chunk,
    item_id=counts.map(JobItemId),
    game_id=counts.map(GameId),
    root_fen=st.text(),
    moves=st.lists(st.text(max_size=5)).map(tuple),
    chess960=st.booleans(),
    plies=st.lists(counts.map(Ply), max_size=8).map(tuple),
    warmup_ply=st.none() | counts.map(Ply),
    spec=st.builds(SearchSpec, st.sampled_from(Profile), counts, st.booleans()),
    attempt=st.integers(1, 3),
)
engines = st.builds(
    EngineIdentity, st.text(), st.text(), st.lists(st.tuples(st.text(), st.text()), max_size=3).map(tuple)
)


@given(chunk=chunks, engine=engines, data=st.data())
def test_what_goes_out_comes_back_equal(chunk: Chunk, engine: EngineIdentity, data: st.DataObject) -> None:
    """Through real JSON text, for chunks and results alike."""
    assert chunk_from_payload(json.loads(json.dumps(chunk_to_payload(chunk)))) == chunk
    found = tuple((ply, data.draw(evaluations)) for ply in chunk.plies)
    result = ChunkResult(chunk, engine, found, data.draw(counts), data.draw(counts))
    assert result_from_payload(json.loads(json.dumps(result_to_payload(result)))) == result


CHUNK = Chunk(
    JobItemId(1), GameId(2), "fen", ("e2e4",), False, (Ply(1), Ply(0)), None, SearchSpec.of_profile(Profile.QUICK)
)
RESULT = ChunkResult(
    CHUNK,
    EngineIdentity("Fake 1.0", "00"),
    ((Ply(1), Evaluation(Cp(3), 1, 1, "e7e5", ("e7e5",))), (Ply(0), Evaluation(Mate(-3), 1, 1, "e2e4", ("e2e4",)))),
    0,
    5,
)


def test_another_version_is_refused_by_name() -> None:
    """Two machines of different age find out at once, not after storing nonsense."""
    payload = chunk_to_payload(CHUNK) | {"version": 99}
    with pytest.raises(ValueError, match="payload version 99; this worker reads version 2"):
        chunk_from_payload(payload)


@pytest.mark.parametrize("field", ["chunk", "engine", "evaluations", "warmup_nodes", "engine_ms"])
def test_a_missing_or_wrong_field_is_a_value_error(field: str) -> None:
    """Never a KeyError or TypeError from deep inside."""
    payload = result_to_payload(RESULT)
    without = {name: value for name, value in payload.items() if name != field}
    for broken in (without, payload | {field: "nonsense"}, payload | {field: None}):
        with pytest.raises(ValueError, match=r".+"):
            result_from_payload(broken)


@pytest.mark.parametrize("score", [{}, {"white_cp": "1"}, {"white_cp": True}, {"white_mate": 0}, {"over": "nobody"}])
def test_an_impossible_score_is_refused(score: dict[str, object]) -> None:
    """Mate in 0 included."""
    payload = copy.deepcopy(result_to_payload(RESULT))
    payload["evaluations"][0][1]["score"] = score
    with pytest.raises(ValueError, match=r".+"):
        result_from_payload(payload)


def test_a_result_answers_exactly_its_chunk() -> None:
    """A hole or a stranger would leave a game that looks complete and is not."""
    payload = copy.deepcopy(result_to_payload(RESULT))
    del payload["evaluations"][1]
    with pytest.raises(ValueError, match="do not answer the chunk's plies"):
        result_from_payload(payload)
