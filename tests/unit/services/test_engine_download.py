"""Downloading an engine: from a real server that does everything wrong that servers, lines and disks do."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shlex
import socket
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop_app.engine.deadlines import Deadlines
from desktop_app.engine.discovery import find_engine
from desktop_app.errors import CancelledError, EngineDownloadError
from desktop_app.services import engine_download, fetching
from desktop_app.services.engine_download import install_engine
from desktop_app.services.engine_releases import Asset
from tests.unit.services.file_server import FileServer

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = "stockfish/stockfish-test"
PATIENT = Deadlines(handshake_s=60, ready_s=60, search_s=60)


class Watch:
    """Progress and cancel token in one: notes what it is told, stops at a number of bytes."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.stop_at = stop_at
        self.told: list[tuple[int, int]] = []

    def progress(self, done: int, total: int, _text: str) -> None:
        """As the window's progress bar."""
        self.told.append((done, total))

    def cancelled(self) -> bool:
        """Whether so much has arrived that the user stops it."""
        return self.stop_at is not None and bool(self.told) and self.told[-1][0] >= self.stop_at


def wrapper() -> bytes:
    """A program that is the local Stockfish, as an engine of its own file."""
    return f"#!/bin/sh\nexec {shlex.quote(find_engine(None))}\n".encode()


def packed(files: dict[str, bytes]) -> bytes:
    """A tar archive, as Stockfish's are."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def sound_archive() -> bytes:
    """The engine, its licence, and enough beside them that the download has several pieces."""
    return packed({PROGRAM: wrapper(), "stockfish/Copying.txt": b"GPL 3", "stockfish/src/net": os.urandom(700_000)})


def asset_of(server: FileServer, content: bytes, **changes: object) -> Asset:
    """What the list of releases says of a file."""
    asset = Asset(
        release="Stockfish Test",
        tag="sf_test",
        system="linux",
        architecture="x86-64",
        build="x86-64-avx2",
        url=server.url,
        program=PROGRAM,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        verified_by="the tests",
        verified_on="2026-11-23",
    )
    return replace(asset, **changes)  # type: ignore[arg-type]  # names of fields


@pytest.fixture
def served() -> Iterator[FileServer]:
    """A server with a sound archive."""
    with FileServer(sound_archive()) as server:
        yield server


def install(asset: Asset, folder: Path, watch: Watch | None = None) -> str:
    """Install and return the program's path."""
    watch = watch or Watch()
    return install_engine(asset, folder, progress=watch, cancel=watch, deadlines=PATIENT).path


@pytest.mark.engine
def test_an_engine_is_fetched_tried_and_kept_with_its_licence(served: FileServer, tmp_path: Path) -> None:
    """Progress knows the size before; the program runs; licence and origin stay beside it; nothing else is left."""
    watch = Watch()
    asset = asset_of(served, served.content)
    path = install(asset, tmp_path, watch)
    assert Path(path) == tmp_path / "sf_test-x86-64-avx2" / PROGRAM
    assert os.access(path, os.X_OK)
    assert watch.told[0] == (0, len(served.content))
    assert watch.told[-1] == (len(served.content), len(served.content))
    home = tmp_path / asset.folder
    assert (home / "stockfish/Copying.txt").read_text() == "GPL 3"
    assert asset.sha256 is not None
    assert asset.sha256 in (home / "ORIGIN.txt").read_text()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["partial", "sf_test-x86-64-avx2"]
    assert list((tmp_path / "partial").iterdir()) == []
    assert install(asset, tmp_path) == path  # again: replaced, not in the way


@pytest.mark.engine
def test_a_cancelled_download_goes_on_where_it_was(served: FileServer, tmp_path: Path) -> None:
    """After a restart too: what arrived and whose it is lie in files."""
    asset = asset_of(served, served.content)
    with pytest.raises(CancelledError):
        install(asset, tmp_path, Watch(stop_at=200_000))
    kept = (tmp_path / "partial" / asset.file).stat().st_size
    assert kept >= 200_000
    watch = Watch()
    install(asset, tmp_path, watch)
    assert served.asked == ["", f"bytes={kept}-"]
    assert watch.told[0][0] == kept


@pytest.mark.engine
def test_a_broken_line_is_taken_up_again(served: FileServer, tmp_path: Path) -> None:
    """Without asking, a few times."""
    served.break_after, served.broken_answers = 300_000, 2
    install(asset_of(served, served.content), tmp_path)
    assert served.asked == ["", "bytes=300000-", "bytes=600000-"]


def test_a_line_that_keeps_breaking_is_told(served: FileServer, tmp_path: Path) -> None:
    """With how far it came; the rest can be fetched later."""
    served.break_after = 100_000
    with pytest.raises(EngineDownloadError, match=r"broke after 0\.3 MB of 0\.7 MB\. Try again"):
        install(asset_of(served, served.content), tmp_path)
    assert (tmp_path / "partial" / "engine.tar").stat().st_size == 300_000


@pytest.mark.engine
@pytest.mark.parametrize("how", ["no ranges", "another file", "no validator"])
def test_what_cannot_be_resumed_starts_anew(served: FileServer, tmp_path: Path, how: str) -> None:
    """A server that knows no ranges, a file that changed, or nothing to tell whether it did: never two halves mixed."""
    asset = asset_of(served, served.content)
    if how == "no validator":
        served.etag = None
    with pytest.raises(CancelledError):
        install(asset, tmp_path, Watch(stop_at=100_000))
    if how == "no ranges":
        served.ranges = False
    elif how == "another file":
        served.content, served.etag = sound_archive(), '"two"'
        asset = asset_of(served, served.content)
    watch = Watch()
    install(asset, tmp_path, watch)
    assert watch.told[0][0] == 0


def test_a_wrong_checksum_is_refused_and_thrown_away(served: FileServer, tmp_path: Path) -> None:
    """It is never unpacked, and not resumed from."""
    asset = asset_of(served, served.content, sha256="0" * 64)
    with pytest.raises(EngineDownloadError, match=r"checksum of engine\.tar is wrong"):
        install(asset, tmp_path)
    assert list((tmp_path / "partial").glob("*.tar")) == []
    assert not (tmp_path / asset.folder).exists()


def test_a_checksum_nobody_verified_blocks_the_download(served: FileServer, tmp_path: Path) -> None:
    """Before anything is asked of the server."""
    for missing in ("sha256", "size"):
        with pytest.raises(EngineDownloadError, match="Nobody has verified the checksum"):
            install(asset_of(served, served.content, **{missing: None}), tmp_path)
    assert served.asked == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": 404}, "has no file"),
        ({"status": 503}, "error 503"),
        ({"length": 12}, "has 12 bytes, not the"),
        ({"redirect": "ftp://example.org/engine.tar"}, "not secure"),
        ({"redirect": "http://example.org/engine.tar"}, "not secure"),
        ({"redirect": "engine.tar"}, "on and on"),
    ],
)
def test_what_a_server_does_wrong_is_told(
    served: FileServer, tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    """One sentence each; nothing is installed."""
    for name, value in changes.items():
        setattr(served, name, value)
    with pytest.raises(EngineDownloadError, match=words):
        install(asset_of(served, served.content), tmp_path)
    assert not (tmp_path / "sf_test-x86-64-avx2").exists()


def test_no_network_is_told(tmp_path: Path) -> None:
    """Nobody listens there any more."""
    with FileServer(b"x") as server:
        asset = asset_of(server, b"x")
    with pytest.raises(EngineDownloadError, match=r"127\.0\.0\.1 cannot be reached"):
        install(asset, tmp_path)


@pytest.mark.parametrize("url", ["http://example.org/e.tar", "ftp://example.org/e.tar", "file:///etc/passwd"])
def test_only_https_is_fetched(served: FileServer, tmp_path: Path, url: str) -> None:
    """Loopback is for these tests."""
    with pytest.raises(EngineDownloadError, match="not an https address"):
        install(asset_of(served, served.content, url=url), tmp_path)


def test_a_full_disk_is_told(served: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Known before where the size is known, and told when it happens all the same."""
    asset = asset_of(served, served.content)
    usage = engine_download.shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(engine_download.shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
        with pytest.raises(EngineDownloadError, match="Only 1 MB are free"):
            install(asset, tmp_path)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetching, "_write_note", full)
    with pytest.raises(EngineDownloadError, match="no room left"):
        install(asset, tmp_path)


def test_a_folder_that_cannot_be_written_is_told(served: FileServer, tmp_path: Path) -> None:
    """Here a file stands in its place, which root cannot write through either."""
    blocked = tmp_path / "engines"
    blocked.write_text("a file")
    with pytest.raises(EngineDownloadError, match="cannot be written"):
        install(asset_of(served, served.content), blocked)


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "stockfish/../../evil", "C:\\evil"])  # noqa: S108 - never written
def test_archives_cannot_write_outside_their_folder(tmp_path: Path, name: str) -> None:
    """Neither tar nor zip."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr(name, b"x")
    for content, suffix in ((packed({name: b"x"}), "tar"), (zipped.getvalue(), "zip")):
        with FileServer(content) as server:
            asset = asset_of(server, content, url=server.url.replace("engine.tar", f"engine.{suffix}"))
            with pytest.raises(EngineDownloadError, match="outside its folder"):
                install(asset, tmp_path / "engines")
    assert not (tmp_path / "evil").exists()


def test_links_in_archives_are_refused(tmp_path: Path) -> None:
    """They could point anywhere."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("stockfish/link")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    with FileServer(out.getvalue()) as server, pytest.raises(EngineDownloadError, match="link or device"):
        install(asset_of(server, server.content), tmp_path)


def test_a_bomb_is_refused(served: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to more than an engine can be."""
    monkeypatch.setattr(engine_download, "MOST_UNPACKED_BYTES", 500_000)
    with pytest.raises(EngineDownloadError, match="more than an engine can be"):
        install(asset_of(served, served.content), tmp_path)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({PROGRAM: b"#!/bin/sh\necho hello\n"}, "does not run here"),
        ({PROGRAM: b"no program at all"}, "does not run here"),
        ({"stockfish/readme": b""}, "There is no program"),
    ],
)
def test_what_does_not_play_is_not_put_in_place(tmp_path: Path, files: dict[str, bytes], words: str) -> None:
    """The version that was there before stays, whole."""
    old = tmp_path / "sf_test-x86-64-avx2"
    old.mkdir()
    (old / "program").write_text("the old one")
    content = packed(files)
    with FileServer(content) as server, pytest.raises(EngineDownloadError, match=words):
        install(asset_of(server, content), tmp_path)
    assert (old / "program").read_text() == "the old one"
    assert not list(tmp_path.glob(".new-*"))


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    """Also a truncated one, whose checksum somebody took."""
    for content in (b"<html>Sorry</html>" * 100, sound_archive()[:300_000]):
        with FileServer(content) as server, pytest.raises(EngineDownloadError, match=r"engine\.tar"):
            install(asset_of(server, content), tmp_path)


def test_a_server_that_never_answers_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is open, and nothing comes."""
    monkeypatch.setattr(fetching, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, FileServer(b"x") as server:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/engine.tar"
        with pytest.raises(EngineDownloadError, match="did not answer"):
            install(asset_of(server, b"x", url=url), tmp_path)
