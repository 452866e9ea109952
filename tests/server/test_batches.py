"""The life of a batch, over HTTP, on both database systems: the server is real, its workers are made up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.fake_cluster import ENGINE
from tests.server.served import batch_done, chunk, events, results, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.server.served import Served

PGN = """[Event "One"]

1. e4 e5 2. Nf3 Nc6 3. Bc4 Nf6 4. Ng5 d5 5. exd5 Nxd5 *

[Event "Two"]

1. f3 e5 2. g4 Qh4# 0-1

[Event "Broken"]
[FEN "no position"]

1. e4 *
"""


@pytest.fixture
def anna(served: Served, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A client of a user of this test's own."""
    with served.client(served.token(request.node.name[:60])) as client:
        yield client


def _submit(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    response = client.post("/v1/batches", json={"name": "test"} | fields)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_chunks_are_answered_once(anna: httpx.Client) -> None:
    """Chunks come back with every ply asked for, numbered without gaps; a key sent again is not searched again."""
    batch = _submit(anna, chunks=[chunk("a"), chunk("b", plies=[1]), chunk("a")])
    assert (batch["state"], batch["chunks"], batch["duplicates"]) == ("running", 2, 1)
    added = anna.post(f"/v1/batches/{batch['id']}/chunks", json={"chunks": [chunk("b"), chunk("c")]})
    assert added.json() == {"accepted": 1, "duplicates": 1}
    assert anna.post(f"/v1/batches/{batch['id']}/close").json()["closed"] is True
    done = batch_done(anna, batch["id"])
    assert done["state"] == "done"
    assert done["counts"] == {"queued": 0, "running": 0, "done": 3, "failed": 0, "cancelled": 0}
    found = results(anna, batch["id"])
    assert [event["seq"] for event in found] == list(range(1, done["last_seq"] + 1))
    answers = {event["data"]["key"]: event["data"] for event in found if event["event"] == "chunk"}
    assert sorted(answers) == ["a", "b", "c"]
    assert answers["a"]["engine"] == {"name": ENGINE.name, "build": ENGINE.build, "options": []}
    assert [ply for ply, _ in answers["a"]["evaluations"]] == [2, 1, 0]
    assert found[-1]["data"] == {"state": "done", "error": None}
    closed = anna.post(f"/v1/batches/{batch['id']}/chunks", json={"chunks": [chunk("d")]})
    assert (closed.status_code, closed.json()["error"]["code"]) == (409, "batch_closed")


def test_games_are_planned_and_judged(anna: httpx.Client) -> None:
    """A PGN goes in, verdicts come out: finished positions are known, broken games are named, counts are right."""
    batch = _submit(anna, pgn=PGN, profile="quick")
    assert batch["games"] == 2
    assert [problem["game"] for problem in batch["problems"]] == ["3"]
    done = batch_done(anna, batch["id"])
    assert done["state"] == "done"
    assert done["games"] == {"total": 2, "done": 2, "failed": 0}
    games = {event["data"]["ref"]: event["data"] for event in results(anna, batch["id"]) if event["event"] == "game"}
    assert [len(games[ref]["evaluations"]) for ref in ("1", "2")] == [11, 5]
    assert [len(games[ref]["verdicts"]) for ref in ("1", "2")] == [10, 4]
    assert games["2"]["evaluations"][-1][1]["score"] == {"over": "black"}
    assert games["2"]["verdicts"][-1]["label"] == "mate"
    listed = anna.get(f"/v1/batches/{batch['id']}/games").json()["games"]
    assert [(game["ref"], game["state"], game["plies_done"]) for game in listed] == [
        ("1", "done", 11),
        ("2", "done", 5),
    ]


def test_games_with_exact_nodes(anna: httpx.Client) -> None:
    """`nodes` searches every position once with just so many."""
    games = [{"ref": "mine", "root_fen": None, "moves": ["e2e4", "e7e5", "g1f3"]}]
    batch = _submit(anna, games=games, nodes=5000, grading="strict-20")
    assert batch_done(anna, batch["id"])["state"] == "done"
    (game,) = [event["data"] for event in results(anna, batch["id"]) if event["event"] == "game"]
    assert {evaluation["nodes"] for _, evaluation in game["evaluations"]} == {5000}
    assert game["grading"] == "strict-20"


def test_failures_are_told_and_retried(anna: httpx.Client) -> None:
    """A chunk that fails is told with its reason; retrying asks for it again and the batch is active again."""
    batch = _submit(anna, chunks=[chunk("good"), chunk("bad", limit_nodes=666)])
    anna.post(f"/v1/batches/{batch['id']}/close")
    done = batch_done(anna, batch["id"])
    assert (done["state"], done["counts"]["done"], done["counts"]["failed"]) == ("done", 1, 1)
    (failure,) = [event["data"] for event in results(anna, batch["id"]) if event["event"] == "chunk_failed"]
    assert failure == {"key": "bad", "reason": "It was to fail.", "attempts": 1}
    assert anna.post(f"/v1/batches/{batch['id']}/retry").json()["state"] == "running"
    done = batch_done(anna, batch["id"])
    assert done["counts"]["failed"] == 1
    assert sum(event["event"] == "chunk_failed" for event in results(anna, batch["id"])) == 2


def test_another_engine_is_not_believed(anna: httpx.Client) -> None:
    """Where a build was asked for, answers of another one are no answers."""
    wish = {"name": None, "build": ENGINE.build}
    batch = _submit(anna, engine=wish, chunks=[chunk("a", limit_nodes=777), chunk("b")])
    anna.post(f"/v1/batches/{batch['id']}/close")
    done = batch_done(anna, batch["id"])
    assert (done["counts"]["done"], done["counts"]["failed"]) == (1, 1)
    (failure,) = [event["data"] for event in results(anna, batch["id"]) if event["event"] == "chunk_failed"]
    assert "Otherfish" in failure["reason"]
    assert failure["attempts"] == 3


def test_cancelling(served: Served, anna: httpx.Client) -> None:
    """Cancelled chunks are not answered; a cancelled batch ends at once, drops what comes later, and stays so."""
    served.hold()
    try:
        batch = _submit(anna, chunks=[chunk(f"k{number}") for number in range(20)])
        url = f"/v1/batches/{batch['id']}"
        wait_for(lambda: anna.get(url).json()["counts"]["running"], "the workers to be asked")
        assert anna.request("DELETE", f"{url}/chunks", json={"keys": ["k0", "k19", "none"]}).json() == {"cancelled": 2}
        cancelled = anna.post(f"{url}/cancel").json()
        assert cancelled["state"] == "cancelled"
        assert cancelled["counts"] == {"queued": 0, "running": 0, "done": 0, "failed": 0, "cancelled": 20}
        assert anna.post(f"{url}/cancel").json() == cancelled
        assert anna.post(f"{url}/retry").status_code == 409
    finally:
        served.hold(on=False)
    second = _submit(anna, chunks=[chunk("after")])
    anna.post(f"/v1/batches/{second['id']}/close")
    batch_done(anna, second["id"])
    assert anna.get(url).json() == cancelled
    assert anna.delete(url).status_code == 204
    assert anna.get(url).status_code == 404


def test_cancelling_a_large_batch(served: Served, anna: httpx.Client) -> None:
    """It is over at once and its place is free, while the server clears its chunks away in steps."""
    served.hold()
    try:
        batch = _submit(anna, chunks=[chunk(f"k{number}") for number in range(2000)])
        url = f"/v1/batches/{batch['id']}"
        for part in (1, 2):
            more = {"chunks": [chunk(f"k{part}.{number}") for number in range(2000)]}
            assert anna.post(f"{url}/chunks", json=more).json()["accepted"] == 2000
        cancelled = anna.post(f"{url}/cancel").json()
        assert cancelled["state"] == "cancelled"
        assert sum(cancelled["counts"].values()) == 6000
        assert cancelled["counts"]["cancelled"] >= 5000
    finally:
        served.hold(on=False)
    second = _submit(anna, chunks=[chunk("after")])
    assert second["state"] == "running"
    anna.post(f"/v1/batches/{second['id']}/close")
    wait_for(lambda: anna.get(url).json()["counts"]["cancelled"] == 6000, "the chunks to be cleared away")
    assert batch_done(anna, second["id"])["counts"]["done"] == 1
    assert anna.delete(url).status_code == 204
    assert anna.get(url).status_code == 404


def test_a_key_makes_a_request_harmless_to_repeat(anna: httpx.Client) -> None:
    """The same request with the same key is the same batch, for ever; another request with it is refused."""
    asked = {"name": "test", "chunks": [chunk("a")], "idempotency_key": "once"}
    first = anna.post("/v1/batches", json=asked)
    again = anna.post("/v1/batches", json=asked)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    other = anna.post("/v1/batches", json=asked | {"name": "other"})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_conflict")
    anna.post(f"/v1/batches/{first.json()['id']}/close")
    batch_done(anna, first.json()["id"])
    assert anna.post("/v1/batches", json=asked).json()["id"] == first.json()["id"]


def test_streams_resume(anna: httpx.Client) -> None:
    """A stream tells everything in order and ends with the batch; with a number, only what came after it."""
    batch = _submit(anna, chunks=[chunk(f"k{number}") for number in range(30)])
    url = f"/v1/batches/{batch['id']}/events"
    with anna.stream("GET", url) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        anna.post(f"/v1/batches/{batch['id']}/close")
        told = list(events(response))
    assert [number for number, _, _ in told] == list(range(1, 33))
    assert sorted(data["key"] for _, kind, data in told if kind == "chunk") == sorted(f"k{n}" for n in range(30))
    with anna.stream("GET", url, headers={"Last-Event-ID": "20"}) as response:
        assert list(events(response)) == told[20:]
    with anna.stream("GET", url, params={"after": 31}) as response:
        assert list(events(response)) == told[31:]
    assert anna.get(url, headers={"Last-Event-ID": "32"}).status_code == 204


def test_lists(anna: httpx.Client) -> None:
    """One's own batches are listed newest first, in pages."""
    ids = []
    for _ in range(3):
        batch = _submit(anna, chunks=[chunk("a")])
        anna.post(f"/v1/batches/{batch['id']}/close")
        batch_done(anna, batch["id"])
        ids.append(batch["id"])
    first = anna.get("/v1/batches", params={"limit": 2}).json()
    assert ([batch["id"] for batch in first["batches"]], first["more"]) == ([ids[2], ids[1]], True)
    second = anna.get("/v1/batches", params={"limit": 2, "before": ids[1], "state": "done"}).json()
    assert ([batch["id"] for batch in second["batches"]], second["more"]) == ([ids[0]], False)


def test_metrics_tell_how_a_running_batch_goes(served: Served) -> None:
    """The pace of a hundred games and the oldest queued chunk's age are those of what really runs."""

    def figure(client: httpx.Client, name: str) -> float:
        found = re.search(rf"^kibitz_{name} (\S+)$", client.get("/metrics").text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    with served.client(served.token("paces")) as client:
        served.hold()
        try:
            made = client.post(
                "/v1/batches", json={"name": "paces", "chunks": [chunk(f"k{number}") for number in range(200)]}
            ).json()
            wait_for(lambda: figure(client, "queue_oldest_seconds") > 0, "an age")
        finally:
            served.hold(on=False)
        wait_for(lambda: client.get(f"/v1/batches/{made['id']}").json()["counts"]["done"] == 200, "the answers")
        wait_for(lambda: figure(client, "queue_oldest_seconds") == 0, "nothing to wait")
        assert figure(client, "batch_seconds_per_hundred_games") > 0
        client.post(f"/v1/batches/{made['id']}/close")
