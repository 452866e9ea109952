"""Install an official build: fetch, verify, unpack safely, try it out, and only then put it where engines are kept.

Nothing is in force before the very last step, a rename; whatever fails before leaves the old engine and the folder as
they were, but for the partial download. Blocking; any thread but the window's. Called by the engine page and
`cli.engine_command`.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import stat
import tarfile
import tempfile
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from desktop_app.engine.deadlines import DEADLINES, Deadlines
from desktop_app.errors import CancelledError, EngineDownloadError, EngineUnusableError
from desktop_app.services.engines import examine_engine
from desktop_app.services.fetching import fetch_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop_app.ports import CancelToken, ProgressSink
    from desktop_app.services.engine_releases import Asset
    from desktop_app.services.engines import EngineReport

MOST_UNPACKED_BYTES = 1024 * 1024 * 1024
MOST_MEMBERS = 5000
_BLOCK = 1 << 20
_ROOM = 3
"""Archive, unpacked files and what was there before: so many times the archive's size must be free."""
_WINDOWS_SEPARATORS = ("\\", ":")


def install_engine(
    asset: Asset, folder: Path, *, progress: ProgressSink, cancel: CancelToken, deadlines: Deadlines = DEADLINES
) -> EngineReport:
    """Bring a build into `folder` and say what it is; the path in the report is where it stays.

    Raises:
        EngineDownloadError: blocked, broken, wrong checksum, unsafe archive, no room, does not run; with a sentence.
        CancelledError: stopped; what has arrived is kept for the next time.
    """
    if asset.blocked or asset.size is None:
        raise EngineDownloadError(
            asset.blocked, action=f"Download it yourself from {asset.url}, unpack it, and add the program as an engine."
        )
    partial = folder / "partial" / asset.file
    with _told_plainly(folder):
        partial.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    if free < _ROOM * asset.size:
        raise EngineDownloadError(
            f"Only {free // 1_000_000:,} MB are free where {folder} is; the engine needs "
            f"{_ROOM * asset.size // 1_000_000:,} MB.",
            action="Make room on that disk.",
        )
    fetch_file(asset.url, partial, size=asset.size, progress=progress, cancel=cancel)
    _verify(asset, partial)
    with _told_plainly(folder), tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as name:
        unpacked = Path(name) / asset.folder
        progress.progress(asset.size, asset.size, "Unpacking")
        _unpack(partial, unpacked, cancel)
        program = unpacked / PurePosixPath(asset.program)
        report = _tried(asset, program, deadlines)
        _write_origin(asset, unpacked)
        _put_in_place(unpacked, folder / asset.folder, Path(name) / "old")
        partial.unlink(missing_ok=True)
    return replace(report, path=str(folder / asset.folder / PurePosixPath(asset.program)))


def _verify(asset: Asset, partial: Path) -> None:
    with _told_plainly(partial.parent), partial.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != asset.sha256:
        partial.unlink(missing_ok=True)
        raise EngineDownloadError(
            f"The checksum of {asset.file} is wrong: it is not the file that {asset.verified_by} verified on "
            f"{asset.verified_on}, or was damaged on the way. It was thrown away.",
            action="Try again; if it happens twice, do not use that file.",
        )


def _tried(asset: Asset, program: Path, deadlines: Deadlines) -> EngineReport:
    """Make the program executable and let it play before anybody relies on it."""
    if not program.is_file():
        raise EngineDownloadError(f"There is no program {asset.program} in {asset.file}.")
    program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    try:
        return examine_engine(str(program), deadlines=deadlines)
    except EngineUnusableError as error:
        raise EngineDownloadError(
            f"{asset.release} ({asset.build}) does not run here: {error.text}", action="The engine before stays in use."
        ) from error


def _write_origin(asset: Asset, unpacked: Path) -> None:
    """Licence and source stay beside the program: the archive's own files, and where it came from."""
    (unpacked / "ORIGIN.txt").write_text(
        f"{asset.release}, build {asset.build}\nfrom {asset.url}\nSHA-256 {asset.sha256}\n"
        f"verified by {asset.verified_by} on {asset.verified_on}\n\n"
        "Stockfish is free software under the GNU General Public License, version 3 or later.\n"
        "Source: https://github.com/official-stockfish/Stockfish\n",
        encoding="utf-8",
    )


def _put_in_place(new: Path, target: Path, aside: Path) -> None:
    if target.exists():
        target.replace(aside)
    try:
        new.replace(target)
    except OSError:
        if aside.exists():
            aside.replace(target)
        raise


def _unpack(archive: Path, target: Path, cancel: CancelToken) -> None:
    """Unpack regular files only, inside `target` only, and not more than can be meant."""
    target.mkdir()
    total = 0
    try:
        for count, (name, size, file) in enumerate(_members(archive)):
            total += size
            if total > MOST_UNPACKED_BYTES or count >= MOST_MEMBERS:
                raise EngineDownloadError(f"{archive.name} unpacks to more than an engine can be; it was not used.")
            path = target / _safe(name, archive)
            path.parent.mkdir(parents=True, exist_ok=True)
            left = size
            with path.open("wb") as out:
                while left and (data := file.read(min(_BLOCK, left))):
                    if cancel.cancelled():
                        raise CancelledError("Unpacking was stopped.")
                    out.write(data)
                    left -= len(data)
            if left:
                raise EngineDownloadError(f"{archive.name} ends too early.")
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise EngineDownloadError(f"{archive.name} is not an archive that can be unpacked: {error}.") from error


def _members(archive: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Name, size and content of every regular file; links and devices are refused."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                if stat.S_ISLNK(info.external_attr >> 16):
                    raise EngineDownloadError(f"{archive.name} holds a link ({info.filename}); it was not used.")
                if not info.is_dir():
                    with packed.open(info) as file:
                        yield info.filename, info.file_size, file
        return
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isdir():
                continue
            content = tar.extractfile(member) if member.isreg() else None
            if content is None:
                raise EngineDownloadError(f"{archive.name} holds a link or device ({member.name}); it was not used.")
            with content:
                yield member.name, member.size, content


def _safe(name: str, archive: Path) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or any(mark in name for mark in _WINDOWS_SEPARATORS):
        raise EngineDownloadError(f"{archive.name} wants to write outside its folder ({name}); it was not used.")
    return path


@contextmanager
def _told_plainly(folder: Path) -> Iterator[None]:
    """Turn the system's errors about files into sentences."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise EngineDownloadError(
                "There is no room left on the disk.", action="Make room and try again; the download is kept."
            ) from error
        raise EngineDownloadError(
            f"{error.filename or folder} cannot be written: {error.strerror or error}.",
            action=f"Check the permissions of {folder}.",
        ) from error
