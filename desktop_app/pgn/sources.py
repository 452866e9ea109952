"""What the user named for import -> the PGN sources in it: files, folders, compressed files, archive members.

A Source is plain data (a path and how to open it), so that reading processes can open it by themselves. Nothing is read
before `open`. Used by `services.import_games`; any thread.
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from desktop_app.errors import SourceUnreadableError
from desktop_app.pgn.streams import InflatingStream, PlainStream, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KINDS = {".gz": "gz", ".bz2": "bz2", ".zst": "zst"}
_MAGIC = {b"\x1f\x8b": "gz", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zst"}
"""How compressed data begins (RFC 1952, bzip2, RFC 8878): a name may be wrong, and a pipe has none."""
_PGN = ".pgn"
_ZIP = ".zip"


@dataclass(frozen=True, slots=True)
class Source:
    """One stream of PGN.

    Attributes:
        path: the file on disk.
        name: what the user is shown and what is stored: the path as given, with the archive member where there is one.
        size: bytes on disk, for progress; 0 where unknown.
        member: archive member, empty for none.
        kind: "plain", "gz", "bz2", "zst" or "zip".
        fault: why it cannot be opened at all, empty where nothing is known against it.
    """

    path: str
    name: str
    size: int = 0
    member: str = ""
    kind: str = "plain"
    fault: str = ""

    def open(self) -> Stream:
        """Open it. Raises SourceUnreadableError with a sentence that names it."""
        if self.fault:
            raise SourceUnreadableError(self.fault)
        try:
            if self.kind == "zip":
                return PlainStream(_open_member(self.path, self.member), name=self.name)
            file = cast("BinaryIO", Path(self.path).open("rb"))  # noqa: SIM115  # the stream owns and closes it
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, KeyError) as error:
            raise SourceUnreadableError(f"{self.name} cannot be read: {_reason(error)}.") from error
        kind = _kind(file, self.kind)
        if kind == "plain":
            return PlainStream(file, name=self.name)
        return InflatingStream(file, name=self.name, kind=kind)


def open_sources(paths: Iterable[str | Path]) -> Iterator[Source]:
    """The sources behind these paths, in order; folders are searched recursively, by name, for PGN files.

    A file named itself is taken whatever it is called. What cannot be read gives a source whose `fault` says why, so
    that one wrong path does not keep the rest from being imported.
    """
    for path in paths:
        target = Path(path)
        if target.is_dir():
            yield from _folder(target)
        else:
            yield from _file(target)


def is_pgn_name(name: str) -> bool:
    """Whether a file of this name in a folder is taken for PGN: `.pgn`, compressed `.pgn`, or `.zip`."""
    lower = name.lower()
    return lower.endswith((_PGN, _ZIP, *(_PGN + suffix for suffix in _KINDS)))


def shown(path: str | Path) -> str:
    """A path as text that can be stored and printed: names on disk are bytes, and need not be UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _folder(folder: Path) -> Iterator[Source]:
    faults: list[OSError] = []
    found = False
    for root, folders, names in os.walk(folder, onerror=faults.append):
        folders.sort()
        for name in sorted(names):
            path = Path(root) / name
            # Opening a pipe would wait for a writer that may never come; a dangling link is reported below.
            if is_pgn_name(name) and (path.is_file() or not path.exists()):
                found = True
                yield from _file(path)
    for fault in faults:
        yield _faulty(Path(fault.filename or folder), fault)
    if not found and not faults:
        text = f"The folder {shown(folder)} holds no PGN file (.pgn, .pgn.gz, .pgn.bz2, .pgn.zst, .zip)."
        yield Source(str(folder), shown(folder), fault=text)


def _file(path: Path) -> Iterator[Source]:
    try:
        size = path.stat().st_size
    except OSError as error:
        yield _faulty(path, error)
        return
    suffix = path.suffix.lower()
    if suffix == _ZIP:
        yield from _members(path)
    else:
        yield Source(str(path), shown(path), size, kind=_KINDS.get(suffix, "plain"))


def _members(path: Path) -> Iterator[Source]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if info.filename.lower().endswith(_PGN)]
    except (OSError, zipfile.BadZipFile) as error:
        yield _faulty(path, error)
        return
    for info in members:
        yield Source(str(path), f"{shown(path)}/{info.filename}", info.file_size, member=info.filename, kind="zip")
    if not members:
        yield Source(str(path), shown(path), fault=f"The archive {shown(path)} holds no .pgn file.")


def _open_member(path: str, member: str) -> BinaryIO:
    with zipfile.ZipFile(path) as archive:  # the member keeps the file open until it is closed itself
        return cast("BinaryIO", archive.open(member))


def _kind(file: BinaryIO, by_name: str) -> str:
    """How the file is compressed, by what is in it."""
    try:
        head = file.read(4)
        file.seek(0)
    except OSError:
        return by_name
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), by_name if not head else "plain")


def _faulty(path: Path, error: Exception) -> Source:
    return Source(str(path), shown(path), fault=f"{shown(path)} cannot be read: {_reason(error)}.")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__
