"""A server that is killed in the middle of everything, and one that is stopped: nothing is lost, doubled or stuck."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from desktop_app.cli.main import main
from tests.server.fake_cluster import FakeCluster
from tests.server.served import Served, batch_done, chunk, events, results, wait_for
from tests.server.test_batches import PGN

if TYPE_CHECKING:
    from pathlib import Path

CHUNKS = 60


@pytest.fixture
def fresh(place: str, tmp_path: Path) -> Served:
    """A server of this test's own, not started."""
    found = Served(place, tmp_path, ("--limit", "batches=100"))
    found.token("nobody")
    return found


def test_killed_mid_batch(fresh: Served) -> None:
    """Killed with chunks asked for, answered and queued, its stream open: started again it finishes by itself.

    What the workers were asked for is lost with them here; it is asked for again. Each answer is stored once.
    """
    fresh.hold()
    token = fresh.token("anna")
    fresh.start()
    told: list[int] = []
    try:
        with fresh.client(token) as anna:
            chunks = [chunk(f"k{number}") for number in range(CHUNKS)]
            batch = anna.post("/v1/batches", json={"name": "x", "chunks": chunks}).json()["id"]
            games = anna.post("/v1/batches", json={"name": "g", "pgn": PGN, "wait": True}).json()["id"]
            anna.post(f"/v1/batches/{batch}/close")
            wait_for(fresh.asked, "the workers to be asked")
            with anna.stream("GET", f"/v1/batches/{batch}/events") as response:
                fresh.hold(on=False)
                for number, _, _ in events(response):
                    told.append(number or 0)
                    if len(told) == CHUNKS // 3:
                        fresh.hold()
                        fresh.kill()
                        break
    finally:
        fresh.stop()
    fresh.hold(on=False)
    fresh.start()
    try:
        with fresh.client(token) as anna:
            with anna.stream("GET", f"/v1/batches/{batch}/events", headers={"Last-Event-ID": str(told[-1])}) as again:
                told += [number or 0 for number, _, _ in events(again)]
            done = batch_done(anna, batch)
            assert done["counts"] == {"queued": 0, "running": 0, "done": CHUNKS, "failed": 0, "cancelled": 0}
            assert told == list(range(1, done["last_seq"] + 1))
            keys = [event["data"]["key"] for event in results(anna, batch) if event["event"] == "chunk"]
            assert sorted(keys) == sorted(f"k{number}" for number in range(CHUNKS))
            assert batch_done(anna, games)["games"] == {"total": 2, "done": 2, "failed": 0}
    finally:
        assert fresh.stop() == 0


def test_stopped_with_listeners(fresh: Served) -> None:
    """A server that is told to stop ends its streams and is gone with exit code 0; another one goes on at once."""
    fresh.hold()
    token = fresh.token("ben")
    fresh.start()
    with fresh.client(token) as ben:
        batch = ben.post("/v1/batches", json={"name": "x", "chunks": [chunk("a")]}).json()["id"]
        with ben.stream("GET", f"/v1/batches/{batch}/events") as response:
            told = events(response)
            assert next(told)[1] == "batch"
            assert fresh.stop() == 0
            assert list(told) == []
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{fresh.url}/healthz")
    fresh.hold(on=False)
    fresh.start()
    with fresh.client(token) as ben:
        ben.post(f"/v1/batches/{batch}/close")
        assert batch_done(ben, batch)["counts"]["done"] == 1
        wait_for(lambda: ben.get("/readyz").status_code == 200, "the server to be ready")
    assert fresh.stop() == 0


def test_two_servers_share_a_database(postgres: object, tmp_path: Path) -> None:
    """Two processes on one database: one of them feeds the workers, streams of either tell what the other stored."""
    location = postgres.database()  # type: ignore[attr-defined]  # the fixture's type needs psycopg
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = Served(location, tmp_path / "one"), Served(location, tmp_path / "two")
    token = one.token("anna")
    one.hold()
    one.start()
    two.start()
    try:
        with one.client(token) as first, two.client(token) as second:
            wait_for(lambda: first.get("/readyz").status_code == 200, "the first to lead")
            batch = second.post("/v1/batches", json={"name": "x", "chunks": [chunk("a"), chunk("b")]}).json()["id"]
            with second.stream("GET", f"/v1/batches/{batch}/events") as response:
                first.post(f"/v1/batches/{batch}/close")
                wait_for(one.asked, "the first to ask its workers")
                one.hold(on=False)
                assert [kind for _, kind, _ in events(response)] == ["batch", "chunk", "chunk", "batch"]
            assert two.asked() == []
    finally:
        assert (one.stop(), two.stop()) == (0, 0)


@pytest.mark.parametrize(
    ("code", "words", "arguments"),
    [
        (3, ("There is no token yet", "kibitz token create"), ()),
        (2, ("Without tokens", "192.0.2.1"), ("--without-tokens", "--host", "192.0.2.1")),
        (2, ("no limit",), ("--limit", "nothing=1")),
        (2, ("trusted proxy",), ("--trusted-proxies", "everybody")),
        (2, ("whole number",), ("--port", "many")),
        (2, ("broker",), ("--broker", "carrier-pigeon://x", "--without-tokens")),
        (3, ("127.0.0.1",), ("--broker", "redis://127.0.0.1:1/0", "--without-tokens")),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: int, words: tuple[str, ...], arguments: tuple[str, ...]
) -> None:
    """No token, no broker, an open door, a wrong value: one sentence with what to do, and exit code 3 or 2."""
    assert _kibitz("serve", "--library", str(tmp_path / "x.kibitz"), *arguments) == code
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert all(word.lower() in last.lower() for word in words), last


def test_a_port_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that another program has is named, with the option that chooses another."""
    monkeypatch.setattr("desktop_app.server.serve.Cluster", FakeCluster)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        asked = ("serve", "--without-tokens", "--port", port, "--library", str(tmp_path / "x.kibitz"))
        assert _kibitz(*asked) == 3
    assert f"cannot listen on 127.0.0.1, port {port}" in capsys.readouterr().err


def test_tokens_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A token is shown once, when it is made; listed without it; revoked by name; names are not given twice."""
    library = ("--library", str(tmp_path / "x.kibitz"))
    made = ("token", "create", "laptop", "--user", "anna", "--scope", "admin", "--days", "3")
    assert _kibitz(*made, *library) == 0
    token = capsys.readouterr().out.split()[0]
    assert token.startswith("kbz_")
    assert _kibitz(*made, *library) == 2
    assert _kibitz("token", "create", "nobody", *library) == 2
    assert _kibitz("token", "list", *library) == 0
    listed = capsys.readouterr().out
    assert "laptop" in listed
    assert token not in listed
    assert _kibitz("token", "revoke", "laptop", *library) == 0
    assert _kibitz("token", "revoke", "unknown", *library) == 1
    assert _kibitz("token", "list", "--json", *library) == 0
    out = capsys.readouterr().out
    assert json.loads(out.partition("\n")[2])[0]["revoked_at"] is not None


def _kibitz(*words: str) -> int:
    return main(words, lambda _paths, _library: 99)


def test_without_tokens(tmp_path: Path) -> None:
    """On this machine alone a server may ask for no tokens; other names for it (a browser's page) are refused."""
    served = Served(str(tmp_path / "server.kibitz"), tmp_path, ("--without-tokens",))
    served.start()
    try:
        with served.client(None) as client:
            batch = client.post("/v1/batches", json={"name": "x", "chunks": [chunk("a")]}).json()["id"]
            client.post(f"/v1/batches/{batch}/close")
            assert batch_done(client, batch)["state"] == "done"
            assert client.get("/v1/batches", headers={"Host": "evil.example"}).status_code == 403
    finally:
        assert served.stop() == 0
