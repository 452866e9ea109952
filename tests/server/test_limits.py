"""One batch a user and a few in all: refusals that say what to do, and the line that moves by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.server.served import Served, batch_done, chunk, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Served]:
    """A server that takes two batches at once, and whose workers are held."""
    found = Served(str(tmp_path / "server.kibitz"), tmp_path, ("--limit", "batches=2"))
    found.token("nobody")
    found.hold()
    found.start()
    yield found
    found.stop()


def test_limits_and_the_line(small: Served) -> None:
    """A second batch of a user is 429, one too many in all 503, both with a time; who waits starts when it is empty."""
    asked = {"name": "test", "chunks": [chunk("a")]}
    with (
        small.client(small.token("anna")) as anna,
        small.client(small.token("ben")) as ben,
        small.client(small.token("carl")) as carl,
    ):
        first = anna.post("/v1/batches", json=asked).json()
        refused = anna.post("/v1/batches", json=asked)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_batches")
        assert int(refused.headers["retry-after"]) == refused.json()["error"]["retry_after_s"] > 0
        assert '"wait": true' in refused.json()["error"]["message"]
        second = ben.post("/v1/batches", json=asked).json()
        full = carl.post("/v1/batches", json=asked)
        assert (full.status_code, full.json()["error"]["code"]) == (503, "server_full")
        assert int(full.headers["retry-after"]) > 0
        own = anna.post("/v1/batches", json=asked | {"wait": True}).json()
        waiting = carl.post("/v1/batches", json=asked | {"wait": True}).json()
        urgent = carl.post("/v1/batches", json=asked | {"wait": True, "priority": "interactive"}).json()
        assert [one["state"] for one in (own, waiting, urgent)] == ["waiting"] * 3
        assert urgent["position_in_line"] == 1
        assert carl.get(f"/v1/batches/{waiting['id']}").json()["position_in_line"] == 3
        ben.post(f"/v1/batches/{second['id']}/cancel")
        wait_for(lambda: carl.get(f"/v1/batches/{urgent['id']}").json()["state"] == "running", "the line to move")
        assert anna.get(f"/v1/batches/{own['id']}").json()["state"] == "waiting"
        small.hold(on=False)
        for client, batch in ((anna, first), (carl, urgent), (carl, waiting), (anna, own)):
            client.post(f"/v1/batches/{batch['id']}/close")
            assert batch_done(client, batch["id"])["state"] == "done"


def test_urgent_chunks_go_ahead(small: Served) -> None:
    """Every running batch has its own window of chunks in flight, and the cluster is told which are urgent."""
    with small.client(small.token("anna")) as anna, small.client(small.token("ben")) as ben:
        many = anna.post("/v1/batches", json={"name": "m", "chunks": [chunk(f"k{n}") for n in range(100)]}).json()
        few = ben.post("/v1/batches", json={"name": "f", "priority": "interactive", "chunks": [chunk("x")]}).json()

        def asked() -> list[str]:
            return [line.split()[1] for line in small.asked() if line.startswith(few["id"])]

        assert wait_for(asked, "the urgent chunk to be asked for") == ["interactive"]
        counts = anna.get(f"/v1/batches/{many['id']}").json()["counts"]
        assert 0 < counts["running"] <= 8
        assert counts["running"] + counts["queued"] == 100
        small.hold(on=False)
        anna.post(f"/v1/batches/{many['id']}/close")
        assert batch_done(anna, many["id"])["counts"]["done"] == 100
