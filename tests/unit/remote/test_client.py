"""The HTTP client against a real server: what it understands, and the sentences for what it does not."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.errors import (
    ServerBusyError,
    ServerError,
    ServerIncompatibleError,
    ServerLiedError,
    ServerRefusedError,
    ServerUnreachableError,
    UsageError,
)
from desktop_app.remote.address import server_address
from desktop_app.remote.client import ServerClient
from desktop_app.remote.protocol import read_event
from desktop_app.remote.sse import EventReader
from tests.unit.remote.fake_server import TOKEN, FakeServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def client(server: FakeServer) -> Iterator[ServerClient]:
    """With the right token."""
    made = ServerClient(server.url, TOKEN)
    yield made
    made.close()


def test_a_server_tells_who_it_is(client: ServerClient) -> None:
    """Version, engine, workers and limits arrive as typed values."""
    info = client.info()
    assert info.version == "9.9"
    assert info.engine is not None
    assert info.engine.name == "Fake"
    assert info.chunks_at_once == 2


def test_nobody_there_is_said_with_the_address() -> None:
    """A refused connection names the address and what to look at, and never the token."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = ServerClient(f"http://127.0.0.1:{unused.getsockname()[1]}", "kbz_secret")
        with pytest.raises(ServerUnreachableError, match=r"cannot be reached") as caught:
            client.info()
        client.close()
    assert "kbz_secret" not in str(caught.value)


def test_tls_where_none_is_spoken_is_said(server: FakeServer) -> None:
    """https:// to a server without TLS ends in a sentence about the secure connection."""
    client = ServerClient(server.url.replace("http", "https"), TOKEN, answer_s=30)
    with pytest.raises(ServerUnreachableError, match=r"secure connection|broke|certificate"):
        client.info()
    client.close()


def test_another_token_is_refused_with_what_to_do(server: FakeServer) -> None:
    """An unknown or revoked token: who makes new ones."""
    client = ServerClient(server.url, "kbz_other")
    with pytest.raises(ServerRefusedError, match="kibitz token create"):
        client.info()
    client.close()


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "words"),
    [
        (403, {"error": {"code": "forbidden", "message": "No."}}, {}, ServerRefusedError, "right to analyse"),
        (404, {"detail": "Not Found"}, {}, ServerIncompatibleError, "not a Kibitz"),
        (200, {"hello": "world"}, {}, ServerIncompatibleError, "not a Kibitz"),
        (302, {}, {"Location": "http://elsewhere.example"}, ServerIncompatibleError, "not a Kibitz"),
        (503, {"error": {"code": "server_full", "message": "Full."}}, {"Retry-After": "7"}, ServerBusyError, "Full"),
        (500, {"error": {"code": "fault", "message": "Broken."}}, {}, ServerBusyError, "Broken"),
    ],
)
def test_refusals_become_sentences(
    server: FakeServer,
    client: ServerClient,
    status: int,
    body: dict[str, Any],
    headers: dict[str, Any],
    kind: type[ServerError],
    words: str,
) -> None:
    """Each status is an error of its kind; a redirection is not followed with the token in hand."""
    server.refuse = lambda _method, _path: (status, body, headers)
    with pytest.raises(kind, match=words) as caught:
        client.info()
    if isinstance(caught.value, ServerBusyError) and headers:
        assert caught.value.retry_after_s == 7


@pytest.mark.parametrize(("version", "words"), [(99, "Update this program"), (0, "Ask whoever runs")])
def test_another_version_says_who_has_to_update(
    server: FakeServer, client: ServerClient, version: int, words: str
) -> None:
    """A server of another protocol version is refused before anything is handed to it."""
    server.payload_version = version
    with pytest.raises(ServerIncompatibleError, match=words):
        client.info()


@pytest.mark.parametrize("typed", ["", "ftp://x", "http://", "https://me:pw@host", "https://host?x=1", "http://a b"])
def test_addresses_that_are_none_are_refused(typed: str) -> None:
    """Before anything is connected."""
    with pytest.raises(UsageError):
        server_address(typed)


def test_addresses_are_normalised() -> None:
    """A bare name means TLS; slashes at the end go."""
    assert server_address(" chess.example.org/ ") == "https://chess.example.org"
    assert server_address("http://[::1]:8642/x/") == "http://[::1]:8642/x"


def test_a_token_never_travels_in_the_clear() -> None:
    """Plain http to another machine is refused; to this one it is allowed."""
    with pytest.raises(UsageError, match="everybody on the way"):
        ServerClient("http://chess.example.org", "kbz_x")
    ServerClient("http://localhost:1", "kbz_x").close()


def test_events_are_cut_whatever_the_pieces() -> None:
    """Byte for byte or at once: the same events; comments come through; carriage returns are no matter."""
    stream = b": here\n\nid: 3\r\nevent: chunk\r\ndata: {\r\ndata: }\r\n\r\nevent: position\ndata: x\n\n"
    whole = list(EventReader().events([stream]))
    single = list(EventReader().events(bytes([byte]) for byte in stream))
    assert whole == single
    assert [(event.name, event.data, event.number) for event in whole] == [
        ("", "", None),
        ("chunk", "{\n}", 3),
        ("position", "x", None),
    ]


@pytest.mark.parametrize("hostile", [b"data: " + b"x" * 3000, b"data: x\n" * 500, b"id: nine\n\n", b"id: -1\n\n"])
def test_a_stream_without_end_or_number_is_refused(hostile: bytes) -> None:
    """Sizes are bounded while they arrive; a number is a number."""
    with pytest.raises(ServerLiedError):
        list(EventReader(most_bytes=2000).events([hostile]))


def _answer(**changes: Any) -> dict[str, Any]:
    evaluation = {"score": {"white_cp": 3}, "depth": 5, "nodes": 9, "best": "e2e4", "pv": ["e2e4"], "engine_ms": 1}
    evaluation |= {name: value for name, value in changes.items() if name in evaluation}
    data: dict[str, Any] = {
        "key": "k", "engine": {"name": "E", "build": "b", "options": []}, "evaluations": [[0, evaluation]],
        "warmup_nodes": 0, "engine_ms": 1, "worker": "w",
    }  # fmt: skip
    return data | {name: value for name, value in changes.items() if name not in evaluation}


@pytest.mark.parametrize(
    "changes",
    [
        {"score": {"white_cp": 10**9}},
        {"score": {"white_cp": True}},
        {"score": {"white_mate": 0}},
        {"score": {"white_cp": 1, "white_mate": 1}},
        {"score": {"over": "maybe"}},
        {"depth": -1},
        {"depth": 2.5},
        {"nodes": 2**70},
        {"best": "e9e4"},
        {"best": "e2e4; drop table game"},
        {"pv": ["e2e4"] * 500},
        {"key": ["k"]},
        {"worker": "w" * 9999},
        {"evaluations": [[0]]},
        {"evaluations": {}},
        {"engine": None},
        {"warmup_nodes": "many"},
    ],
)
def test_answers_of_another_form_are_refused(changes: dict[str, Any]) -> None:
    """Kinds and sizes are checked before anything is used."""
    read_event("chunk", json.loads(json.dumps(_answer())))
    with pytest.raises(ServerLiedError):
        read_event("chunk", json.loads(json.dumps(_answer(**changes))))


def test_a_missing_field_is_refused() -> None:
    """None of them may be left out."""
    for name in ("key", "engine", "evaluations", "warmup_nodes", "engine_ms"):
        data = _answer()
        del data[name]
        with pytest.raises(ServerLiedError):
            read_event("chunk", data)


def test_names_from_the_server_cannot_drive_a_terminal() -> None:
    """Control characters are taken out of everything that is shown."""
    found = read_event("chunk_failed", {"key": "k", "reason": "a\x1b[2Jb"})
    assert "\x1b" not in getattr(found, "reason", "\x1b")
