"""Trying to break in: other users' batches, bad tokens, hostile payloads, injected text, smuggled and slow requests."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from desktop_app.domain.served import AuditEntry
from desktop_app.library.server_store import ServerStore
from tests.server.served import Served, batch_done, chunk, results, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"


@pytest.fixture
def anna(file_served: Served, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A client of a user of this test's own."""
    with file_served.client(file_served.token(request.node.name[:60])) as client:
        yield client


def _code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def _raw(served: Served, data: bytes, *, wait_s: float = 60.0) -> bytes:
    """What comes back for these bytes, until the server closes or has answered in whole."""
    address = urlsplit(served.url)
    with socket.create_connection((address.hostname, address.port), timeout=wait_s) as connection:
        connection.sendall(data)
        said = b""
        while piece := connection.recv(65536):
            said += piece
            if b"\r\n\r\n" in said and b"connection: close" not in said.lower():
                break
        return said


def test_tokens(file_served: Served) -> None:
    """No token, half a token, another's shape, an expired one and a revoked one open nothing, and all sound alike."""
    good = file_served.token("tess")
    expired = file_served.token("tess", expires_at=time.time() - 1)
    revoked = file_served.token("tess-revoked")
    with file_served.client(revoked) as client:
        assert client.get("/v1/batches").status_code == 200
        done = file_served.run("token", "revoke", _name_of(file_served, "tess-revoked"))
        assert done.returncode == 0, done.stderr
        assert client.get("/v1/batches").status_code == 401
    bodies = set()
    for header in (
        None, "", "Bearer", f"Basic {good}", f"Bearer {good[:-1]}", f"Bearer {good}A", f"Bearer {good[:-1]}*",
        f"Bearer {expired}", f"Bearer {revoked}", f"Bearer {good.upper()}", f"Bearer {good} {good}",
        "Bearer ' OR 1=1 --", f"Bearer kbz_{'A' * 43}", f"Bearer {'x' * 8000}",
    ):  # fmt: skip
        found = httpx.get(f"{file_served.url}/v1/batches", headers={"Authorization": header} if header else {})
        if found.status_code != 429:  # wrong tokens may not be tried fast either
            assert found.status_code == 401, header
            assert found.headers["www-authenticate"].startswith("Bearer")
            bodies.add(found.text)
    assert len(bodies) == 1
    assert httpx.get(f"{file_served.url}/v1/batches", headers={"Authorization": f"Bearer {good}"}).status_code == 200


def _name_of(served: Served, user: str) -> str:
    with ServerStore.open(served.library) as store:
        return next(token.name for token in store.users.tokens() if token.user == user)


def test_no_token_is_stored_or_logged(file_served: Served) -> None:
    """The database and the log know digests and names, never a token."""
    token = file_served.token("secretive", "analyse", "read", "admin")
    with file_served.client(token) as client:
        client.post("/v1/batches", json={"name": "x", "chunks": []})
        client.get("/v1/server", params={"token": "kept out of the log"})

        def listed() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = client.get("/v1/admin/audit", params={"user": "secretive"}).json()["entries"]
            return found

        entry = wait_for(listed, "the audit log")[0]
        assert (entry["action"], entry["outcome"], entry["address"]) == ("POST v1/batches", "ok", "127.0.0.1")
        assert entry["target"]
    secret = token.encode()
    for file in (file_served.log, *file_served.folder.glob("server.kibitz*")):
        assert secret not in file.read_bytes()
    assert "kept out" not in file_served.log.read_text()


def test_scopes(file_served: Served) -> None:
    """A reader submits nothing, an analyst sees no admin's pages, an admin's token alone reads no batches."""
    with (
        file_served.client(file_served.token("reader", "read")) as reader,
        file_served.client(file_served.token("analyst", "analyse")) as analyst,
        file_served.client(file_served.token("boss", "admin")) as boss,
    ):
        assert _code(reader.post("/v1/batches", json={"name": "x", "chunks": []})) == (403, "forbidden")
        assert reader.get("/v1/batches").status_code == 200
        assert analyst.get("/v1/batches").status_code == 200
        for path in ("/v1/admin/audit", "/v1/admin/dead-letters"):
            assert _code(analyst.get(path)) == (403, "forbidden")
            assert boss.get(path).status_code == 200
        assert _code(analyst.post("/v1/admin/dead-letters/x/replay")) == (403, "forbidden")
        assert _code(boss.post("/v1/admin/dead-letters/x/replay")) == (404, "not_found")
        assert boss.get("/v1/batches").status_code == 403
        assert httpx.get(f"{file_served.url}/metrics").status_code == 200
        proxied = httpx.get(f"{file_served.url}/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
        assert proxied.status_code == 401


def test_other_users_batches_do_not_exist(file_served: Served, anna: httpx.Client) -> None:
    """Whatever is asked of another user's batch, the answer is that of one that never was: 404, not 403."""
    batch = anna.post("/v1/batches", json={"name": "mine", "chunks": [chunk("a")]}).json()["id"]
    with file_served.client(file_served.token("mallory", "analyse", "read", "admin")) as mallory:
        for path in (batch, "0" * 32):
            url = f"/v1/batches/{path}"
            asked = [
                mallory.get(url), mallory.get(f"{url}/results"), mallory.get(f"{url}/games"),
                mallory.get(f"{url}/events"), mallory.post(f"{url}/close"), mallory.post(f"{url}/cancel"),
                mallory.post(f"{url}/retry", json={}), mallory.delete(url),
                mallory.post(f"{url}/chunks", json={"chunks": [chunk("b")]}),
                mallory.request("DELETE", f"{url}/chunks", json={"keys": ["a"]}),
                mallory.get("/v1/batches", params={"before": path}),
            ]  # fmt: skip
            assert {_code(response) for response in asked} == {(404, "not_found")}
            assert len({response.text for response in asked}) == 1
        assert mallory.get("/v1/batches").json()["batches"] == []
    anna.post(f"/v1/batches/{batch}/close")
    assert batch_done(anna, batch)["counts"]["done"] == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"root_fen": "no fen"},
        {"root_fen": "8/8/8/8/8/8/8/8 w - - 0 1"},
        {"root_fen": "kkkkkkkk/8/8/8/8/8/8/KKKKKKKK w - - 0 1"},
        {"root_fen": "QQQQQQQQ/QQQQQQQQ/QQQQQQQQ/QQQQQQQQ/QQQQQQQQ/QQQQQQQQ/QQQQQQQQ/K6k w - - 0 1"},
        {"root_fen": f"{START}\ngo infinite"},
        {"moves": ["e2e5", "e7e5"]},
        {"moves": ["e2e4", "0000"]},
        {"moves": ["e2e4", "quit"]},
        {"moves": ["e2e4", "e7e5\nquit"]},
        {"moves": "e2e4 e7e5"},
        {"plies": []},
        {"plies": [3]},
        {"plies": [-1]},
        {"plies": [0, 0]},
        {"plies": [1.5]},
        {"plies": ["1"]},
        {"plies": list(range(9))},
        {"warmup_ply": 3},
        {"limit_nodes": 0},
        {"limit_nodes": 10**18},
        {"limit_nodes": 20_000_000},
        {"hash_mb": 100_000},
        {"hash_mb": True},
        {"key": ""},
        {"key": "a\0b"},
        {"key": "k" * 201},
        {"extra": 1},
        {"__class__": "x"},
    ],
)  # fmt: skip
def test_what_is_no_chess_is_refused(anna: httpx.Client, changes: dict[str, Any]) -> None:
    """A chunk that no engine should be told is 422, with a sentence, and nothing is stored."""
    response = anna.post("/v1/batches", json={"name": "x", "chunks": [chunk("a"), chunk("b", **changes)]})
    assert _code(response) == (422, "invalid")
    assert len(response.json()["error"]["message"]) < 400
    assert anna.get("/v1/batches").json()["batches"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422), (b"{", 422), (b"null", 422), (b"[]", 422), (b"\xff\xfe", 422), (b'{"name": NaN}', 422),
        (b'{"name":"x"}', 422), (b'{"name":"x","chunks":[],"pgn":"1. e4 *"}', 422), (b"[" * 100_000, 422),
        (b'{"name":"x","games":[]}', 422), (b'{"name":"x\\u0000","chunks":[]}', 422),
        (b'{"name":"x","pgn":"","profile":"quick","nodes":5}', 422), (b'{"name":"x","pgn":"hello"}', 422),
        (b'{"name":"x","chunks":[],"profile":"deep"}', 422), (b'{"name":"x","pgn":"1. e4 *","grading":"me"}', 422),
        (b'{"name":"x","chunks":[],"priority":"root"}', 422), (b'{"name":"x","chunks":[],"name":"y","z":1}', 422),
    ],
)  # fmt: skip
def test_malformed_bodies(anna: httpx.Client, body: bytes, status: int) -> None:
    """Whatever is no submission is refused in one shape, and never a fault of the server's."""
    response = anna.post("/v1/batches", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == status, response.text
    assert response.json()["error"]["message"]


def test_hostile_pgn(anna: httpx.Client) -> None:
    """Ten thousand nested variations, a huge comment and binary rubbish cost their length, and no more."""
    deep = '[Event "deep"]\n\n1. e4 ' + "(1. d4 " * 10_000 + ")" * 10_000 + " e5 *\n"
    huge = '[Event "huge"]\n\n1. e4 {' + "x" * 5_000_000 + "} e5 *\n"
    rubbish = "".join(chr(number % 256) for number in range(100_000))
    batch = anna.post("/v1/batches", json={"name": "hostile", "pgn": f"{deep}\n{huge}\n{rubbish}", "nodes": 1000})
    assert batch.status_code == 201, batch.text
    assert batch_done(anna, batch.json()["id"])["state"] == "done"
    games = [event["data"] for event in results(anna, batch.json()["id"]) if event["event"] == "game"]
    assert [len(game["evaluations"]) for game in games[:2]] == [3, 3]


def test_injected_text_is_text(file_served: Served, anna: httpx.Client) -> None:
    """SQL, paths and markup in names and keys come back as they went in; ids that are paths or SQL are unknown."""
    name = "'; DROP TABLE server_batch; -- <script>alert(1)</script> ../../etc/passwd %00"
    key = "'||(select/**/digest/**/from/**/server_token)||'../../x"
    batch = anna.post("/v1/batches", json={"name": name, "chunks": [chunk(key)]}).json()["id"]
    anna.post(f"/v1/batches/{batch}/close")
    assert batch_done(anna, batch)["name"] == name
    assert results(anna, batch)[1]["data"]["key"] == key
    for path in ("' OR '1'='1", "..%2f..%2fetc%2fpasswd", "%00", "%2e%2e/%2e%2e", "1;select 1", "💥" * 50, "a" * 5000):
        assert anna.get(f"/v1/batches/{path}").status_code in {400, 404}
    for value in ("1 OR 1=1", "-1", "9" * 30, "0x10"):
        assert _code(anna.get(f"/v1/batches/{batch}/results", params={"after": value})) == (422, "invalid")
    with ServerStore.open(file_served.library) as store:
        entry = AuditEntry(1.0, "x'; DROP TABLE server_audit; --", "t", "a", "b", "c", "ok", "r")
        store.users.add_audit([entry])
        assert store.users.audit(after=0, limit=10, user=entry.user)[0].user == entry.user


def test_methods_types_and_sizes(file_served: Served, anna: httpx.Client) -> None:
    """Wrong methods, other content types and bodies beyond the limit are refused, also where the length is a lie."""
    for method in ("PUT", "PATCH", "OPTIONS", "TRACE", "CONNECTX"):
        assert anna.request(method, "/v1/batches").status_code == 405
    assert _code(anna.post("/v1/server")) == (405, "method_not_allowed")
    assert _code(anna.post("/v1/batches", content=b"name=x", headers={"Content-Type": "text/plain"}))[0] == 415
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert _code(anna.post("/v1/batches", content=b"{}", headers=form)) == (415, "not_json")
    head = _head(anna, "Content-Length: 999999999999")
    assert _raw(file_served, head + b"{").split(b" ")[1] == b"413"

    def too_much() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 1024 * 1024

    try:
        response = anna.post("/v1/batches", content=too_much(), headers={"Content-Type": "application/json"})
        assert _code(response) == (413, "too_large")
    except httpx.TransportError:
        pass  # refused while we were still sending
    assert anna.get("/v1/batches").json()["batches"] == []


def _head(client: httpx.Client, *lines: str, path: str = "/v1/batches") -> bytes:
    own = [f"Authorization: {client.headers['authorization']}", "Host: x", "Content-Type: application/json", *lines]
    return (
        f"POST {path} HTTP/1.1\r\n{chr(13)}{chr(10)}".replace("\r\n\r\n", "\r\n").encode()
        + ("\r\n".join(own) + "\r\n\r\n").encode()
    )


def test_smuggling(file_served: Served, anna: httpx.Client) -> None:
    """A request that two servers could take for two different ones is refused, and its connection closed."""
    body = b"0\r\n\r\nGET /v1/admin/audit HTTP/1.1\r\nHost: x\r\n\r\n"
    for lines in (
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 5, 6",),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ("Transfer-Encoding: xchunked",),
        ("Content-Length: -1",),
        ("Content-Length: +5",),
        ("Content-Length : 5",),
        ("X: a\x00b",),
        ("Authorization: Bearer kbz_other", "Content-Length: 0"),
        ("Host: y", "Content-Length: 0"),
        (f"X: {'a' * 100_000}",),
    ):
        said = _raw(file_served, _head(anna, *lines) + body)
        assert said.split(b" ")[1] in {b"400", b"413", b"431", b"501"}, (lines, said[:200])
        assert said.count(b"HTTP/1.1") == 1, (lines, said)
    assert anna.get("/v1/batches").status_code == 200


def test_headers_of_every_answer(anna: httpx.Client) -> None:
    """Answers forbid sniffing, framing and caching, name their request and let no other site read them."""
    for response in (
        anna.get("/v1/server"),
        anna.get("/nowhere"),
        anna.get("/docs", headers={"Origin": "https://e.x"}),
    ):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-frame-options"] == "DENY"
        assert response.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert "access-control-allow-origin" not in response.headers
        assert "server" not in response.headers
        assert len(response.headers["x-request-id"]) == 32
    assert anna.get("/healthz", headers={"X-Request-Id": "mine-12345"}).headers["x-request-id"] == "mine-12345"
    assert anna.get("/healthz", headers={"X-Request-Id": "evil id"}).headers["x-request-id"] != "evil id"


def test_the_interface_is_described(anna: httpx.Client) -> None:
    """The OpenAPI schema is whole: every reference in it leads somewhere, and the page loads nothing from elsewhere."""
    schema = anna.get("/openapi.json").json()
    text = json.dumps(schema)
    names = {piece.split('"')[0] for piece in text.split("#/components/schemas/")[1:]}
    assert names <= schema["components"]["schemas"].keys()
    assert "/v1/batches/{batch_id}/events" in schema["paths"]
    page = anna.get("/docs").text
    assert "<script" not in page
    assert "https://" not in page


def test_slow_and_greedy_clients(tmp_path: Path) -> None:
    """Half a head, half a body, too many streams and too many requests: each is ended or refused, others go on."""
    served = Served(
        str(tmp_path / "server.kibitz"), tmp_path, ("--limit", "streams_per_user=2", "--limit", "requests_per_s=5"),
        {"KIBITZ_SERVER_SLOW_S": "1"},
    )  # fmt: skip
    token = served.token("sloth")
    other = served.token("other")
    served.hold()
    served.start()
    try:
        with served.client(token) as client:
            assert _raw(served, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""
            said = _raw(served, _head(client, "Content-Length: 100") + b'{"name":')
            assert said.split(b" ")[1] == b"408"
            batch = client.post("/v1/batches", json={"name": "x", "chunks": [chunk("a")]}).json()["id"]
            url = f"/v1/batches/{batch}/events"
            with client.stream("GET", url) as first, client.stream("GET", url) as second:
                assert (first.status_code, second.status_code) == (200, 200)
                assert _code(client.get(url)) == (429, "too_many_streams")
            refused = next(found for _ in range(200) if (found := client.get("/v1/server")).status_code == 429)
            assert refused.json()["error"]["code"] == "too_many_requests"
            assert int(refused.headers["retry-after"]) >= 1
        with served.client(other) as client:
            assert client.get("/v1/server").status_code == 200
    finally:
        assert served.stop() == 0
