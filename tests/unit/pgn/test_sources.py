"""Sources: which files are taken, how compressed ones are read, and what is said about those that cannot be."""

from __future__ import annotations

import bz2
import gzip
import os
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
import zstandard

from desktop_app.errors import SourceUnreadableError
from desktop_app.pgn.sources import open_sources
from desktop_app.pgn.streams import as_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from desktop_app.pgn.streams import Stream

TEXT = b'[Event "A"]\n\n1. e4 e5 *\n\n' * 4000
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "zst": zstandard.ZstdCompressor().compress,
}


def drain(stream: Stream, size: int = 10_000) -> tuple[bytes, str]:
    """Everything readable, and the sentence about what is not."""
    found = []
    try:
        while data := stream.read(size):
            found.append(data)
    except SourceUnreadableError as error:
        return b"".join(found), error.text
    finally:
        stream.close()
    return b"".join(found), ""


@pytest.mark.parametrize("kind", COMPRESS)
def test_compressed_files_give_their_text(tmp_path: Path, kind: str) -> None:
    """Each compression, several members in a row included, under its own name or a wrong one."""
    data = COMPRESS[kind](TEXT) + COMPRESS[kind](b"1. d4 *\n")
    for name in (f"games.pgn.{kind}", "games.pgn"):
        (tmp_path / name).write_bytes(data)
        (source,) = open_sources([tmp_path / name])
        stream = source.open()
        assert drain(stream) == (TEXT + b"1. d4 *\n", "")
        assert stream.tell_raw() == source.size == len(data)


@pytest.mark.parametrize("kind", COMPRESS)
def test_a_truncated_compressed_file_gives_what_is_readable(tmp_path: Path, kind: str) -> None:
    """Half a file gives part of the text, then a sentence that names the file and the damage."""
    lines = b"".join(b"%d. e4 %d {%s}\n" % (n, n * n, str(n**7).encode()) for n in range(60_000))
    data = COMPRESS[kind](lines)
    path = tmp_path / f"games.pgn.{kind}"
    path.write_bytes(data[: len(data) // 2])
    (source,) = open_sources([path])
    text, fault = drain(source.open())
    assert lines.startswith(text)
    assert text or kind == "bz2"
    assert "games.pgn" in fault
    assert "cut short" in fault


@pytest.mark.parametrize("kind", COMPRESS)
def test_garbage_under_a_compressed_name_is_no_crash(tmp_path: Path, kind: str) -> None:
    """Text under a compressed name is read as the text it is; damage behind a true beginning is told."""
    path = tmp_path / f"games.pgn.{kind}"
    path.write_bytes(TEXT)
    (source,) = open_sources([path])
    assert drain(source.open()) == (TEXT, "")
    path.write_bytes(COMPRESS[kind](TEXT)[:8] + b"\xff" * 500)
    assert "damaged" in drain(source.open())[1]


def test_folders_are_searched_for_pgn_names_alone(tmp_path: Path) -> None:
    """Recursive, in name order, only names that look like PGN; a file named itself is always taken."""
    (tmp_path / "b").mkdir()
    for name in ("z.pgn", "b/A.PGN", "b/c.pgn.gz", "notes.txt", "photo.png", "b/x.pgn.bak"):
        (tmp_path / name).write_bytes(TEXT)
    names = [source.name.removeprefix(f"{tmp_path}/") for source in open_sources([tmp_path])]
    assert names == ["z.pgn", "b/A.PGN", "b/c.pgn.gz"]
    (named,) = open_sources([tmp_path / "notes.txt"])
    assert drain(named.open())[0] == TEXT


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes among the files of a folder")
def test_a_pipe_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    """Opening one would wait for ever; a dangling link is reported."""
    os.mkfifo(tmp_path / "pipe.pgn")
    (tmp_path / "link.pgn").symlink_to(tmp_path / "nothing")
    (source,) = open_sources([tmp_path])
    assert "cannot be read" in source.fault


@pytest.mark.skipif(sys.platform != "linux", reason="names there are text, not bytes")
def test_a_name_that_is_not_utf_8_is_shown_and_opened(tmp_path: Path) -> None:
    """Files from old disks: what is stored and printed is text, what is opened is the file."""
    path = os.fsencode(tmp_path) + b"/K\xe4se.pgn"
    with open(path, "wb") as file:  # noqa: PTH123 - the name is bytes
        file.write(TEXT)
    (source,) = open_sources([tmp_path])
    assert source.name.endswith("K\\xe4se.pgn")
    assert drain(source.open())[0] == TEXT


def test_archives_give_one_source_a_member(tmp_path: Path) -> None:
    """Every .pgn in a zip, with a name that leads to it; other members are passed over."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one.pgn", TEXT)
        archive.writestr("sub/two.PGN", b"1. c4 *")
        archive.writestr("readme.txt", b"hello")
    sources = list(open_sources([tmp_path / "a.zip"]))
    assert [source.name.rpartition("a.zip/")[2] for source in sources] == ["one.pgn", "sub/two.PGN"]
    assert drain(sources[0].open()) == (TEXT, "")
    assert drain(sources[1].open()) == (b"1. c4 *", "")


def test_a_damaged_archive_member_gives_a_sentence(tmp_path: Path) -> None:
    """Flipped bytes inside a member end in words, not in an exception of the zip library."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("one.pgn", TEXT)
    path.write_bytes(path.read_bytes().replace(b"1. e4 e5 *", b"1. e4 e6 *", 1))
    (source,) = open_sources([path])
    text, fault = drain(source.open())
    assert text
    assert "one.pgn is damaged" in fault


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("missing.pgn", None, "cannot be read"),
        ("broken.zip", b"PK\x03\x04 no archive", "cannot be read"),
        ("empty.zip", b"PK\x05\x06" + b"\0" * 18, "holds no .pgn"),
    ],
)
def test_what_cannot_be_opened_says_so_when_opened(tmp_path: Path, name: str, content: bytes | None, word: str) -> None:
    """Listing sources never fails; opening raises one known error with a sentence that names the path."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    (source,) = open_sources([tmp_path / name])
    with pytest.raises(SourceUnreadableError, match=word) as caught:
        source.open()
    assert name in caught.value.text


def test_a_folder_without_pgn_says_so(tmp_path: Path) -> None:
    """An empty folder is told, not passed over in silence."""
    (source,) = open_sources([tmp_path])
    with pytest.raises(SourceUnreadableError, match="holds no PGN file"):
        source.open()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_becomes_utf_8(tmp_path: Path, encoding: str) -> None:
    """UTF-16 with or without its mark reads as the same text in UTF-8, however the bites fall."""
    text = '[Event "Žofín"]\n[White "Łukasz"]\n\n1. e4 {♔ 王} *\n' * 500
    (tmp_path / "a.pgn").write_bytes(text.encode(encoding))
    (source,) = open_sources([tmp_path / "a.pgn"])
    stream, binary = as_text(source.open())
    assert not binary
    assert drain(stream, 777)[0].decode("utf-8-sig") == text


def test_binary_data_is_told_from_text(tmp_path: Path) -> None:
    """Zero bytes mean binary; zero bytes behind games (a file cut by a crash) do not."""
    for name, data, expected in (("a", b"\x7fELF\0\0\1", True), ("b", TEXT[:100] + b"\0" * 5000, False)):
        (tmp_path / name).write_bytes(data)
        (source,) = open_sources([tmp_path / name])
        stream, binary = as_text(source.open())
        stream.close()
        assert binary is expected
