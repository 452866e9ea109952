"""The official builds of Stockfish as data: what there is, for which processor, with which verified checksum.

The list comes with Kibitz (resources/engines/releases.json) and can be refreshed by the user from a file or an address;
a newer list of theirs wins, the ones before are kept beside it. A checksum nobody has verified is null and blocks the
download. Blocking; any thread but the window's. Called by the engine page and `cli.engine_command`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from desktop_app.engine.builds import builds_for
from desktop_app.errors import EngineDownloadError
from desktop_app.services.fetching import checked_address, fetch_text

if TYPE_CHECKING:
    from desktop_app.engine.processor import Processor

SCHEMA_VERSION = 1
FILE = "releases.json"
MOST_BYTES = 400 * 1024 * 1024
"""No release of Stockfish is a quarter as large; a larger one is a mistake or an attack."""

_SHA256 = re.compile(r"^[0-9a-f]{64}$")
_NAME = re.compile(r"^[A-Za-z0-9._-]{1,80}$")
_KEPT = 9


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of a release.

    Attributes:
        release: for people, for example "Stockfish 17.1".
        tag: of the release, part of the folder's name.
        system, architecture: as in `engine.processor.Processor`.
        build: as in `engine.builds.Build.name`.
        url: where the project publishes it.
        program: path of the program inside the archive.
        size: bytes; None until verified.
        sha256: hexadecimal; None until verified, which blocks the download.
        verified_by, verified_on: who computed the checksum from the project's own file, and when.
    """

    release: str
    tag: str
    system: str
    architecture: str
    build: str
    url: str
    program: str
    size: int | None
    sha256: str | None
    verified_by: str | None
    verified_on: str | None

    @property
    def file(self) -> str:
        """Name of the archive."""
        return PurePosixPath(urlsplit(self.url).path).name

    @property
    def folder(self) -> str:
        """Name of the folder it is installed in."""
        return f"{self.tag}-{self.build}"

    @property
    def blocked(self) -> str:
        """Why it may not be downloaded; empty when it may."""
        if self.sha256 and self.size:
            return ""
        return f"Nobody has verified the checksum of {self.file} yet, so Kibitz does not download it."


@dataclass(frozen=True, slots=True)
class Releases:
    """A valid list. `assets` are in the file's order, newest release first; `source` is where the list was read."""

    updated: date
    assets: tuple[Asset, ...]
    source: str

    def best_for(self, processor: Processor) -> Asset | None:
        """The fastest build of the newest release that this processor can run; one with a checksum goes before.

        None where there is none for this system.
        """
        order = [build.name for build in builds_for(processor)]
        fitting = [
            asset
            for asset in self.assets
            if asset.system == processor.system
            and asset.architecture == processor.architecture
            and asset.build in order
        ]
        tags = list(dict.fromkeys(asset.tag for asset in fitting))
        fitting.sort(key=lambda asset: (bool(asset.blocked), tags.index(asset.tag), order.index(asset.build)))
        return fitting[0] if fitting else None


def read_releases(text: str, source: str) -> Releases:
    """Read and validate a list.

    Raises:
        EngineDownloadError: it is no such list, or a value in it cannot be right; the sentence says which.
    """
    try:
        updated, assets = _checked(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        words = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise EngineDownloadError(
            f"The list of engine releases {source} cannot be used: {words}.", action="The list before stays in force."
        ) from error
    return Releases(updated, assets, source)


def _checked(data: Any) -> tuple[date, tuple[Asset, ...]]:
    if not isinstance(data, dict) or data.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"it is not a list of releases of version {SCHEMA_VERSION}")
    assets = tuple(
        _asset(entry, str(release["name"]), _matching(_NAME, release["tag"]))
        for release in data["releases"]
        for entry in release["assets"]
    )
    if not assets:
        raise ValueError("it names no file")
    return date.fromisoformat(str(data["updated"])), assets


def _asset(entry: dict[str, Any], release: str, tag: str) -> Asset:
    url = checked_address(str(entry["url"]))
    size, sha256 = entry["size"], entry["sha256"]
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or not 0 < size <= MOST_BYTES):
        raise ValueError(f"size of {url} must be null or at most {MOST_BYTES:,}")
    if sha256 is not None:
        _matching(_SHA256, sha256)
        if not entry["verified_by"] or not entry["verified_on"]:
            raise ValueError(f"the checksum of {url} does not say who verified it and when")
        date.fromisoformat(str(entry["verified_on"]))
    program = PurePosixPath(str(entry["program"]))
    if program.is_absolute() or ".." in program.parts or not program.name:
        raise ValueError(f"{program} is no path inside an archive")
    return Asset(
        release=release,
        tag=tag,
        system=str(entry["system"]),
        architecture=str(entry["architecture"]),
        build=_matching(_NAME, entry["build"]),
        url=url,
        program=str(program),
        size=size,
        sha256=sha256,
        verified_by=entry["verified_by"],
        verified_on=entry["verified_on"],
    )


def _matching(pattern: re.Pattern[str], value: object) -> str:
    text = str(value)
    if not pattern.match(text):
        raise ValueError(f"{text!r} is not as it must be")
    return text


def current_releases(shipped: Path, folder: Path) -> Releases:
    """The list in force: the user's own when it is as new as the one that came with Kibitz, and can be read.

    Args:
        shipped: folder of the resources that holds `releases.json`.
        folder: the user's folder of engines.
    """
    ours = read_releases((shipped / FILE).read_text(encoding="utf-8"), str(shipped / FILE))
    try:
        theirs = read_releases((folder / FILE).read_text(encoding="utf-8"), str(folder / FILE))
    except (OSError, UnicodeDecodeError, EngineDownloadError):
        return ours
    return theirs if theirs.updated >= ours.updated else ours


def refresh_releases(source: str, folder: Path) -> Releases:
    """Take over a list from a file or an https address; the one before is kept as `releases-1.json` and so on.

    Raises:
        EngineDownloadError: it cannot be read or is not valid; nothing has changed.
    """
    if "://" in source:
        text = fetch_text(source)
    else:
        try:
            text = Path(source).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise EngineDownloadError(f"{source} cannot be read: {error}.") from error
    found = read_releases(text, source)
    target = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if target.exists():
            _keep(target)
        new = target.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(target)
    except OSError as error:
        raise EngineDownloadError(f"The list cannot be kept in {folder}: {error.strerror}.") from error
    return found


def _keep(target: Path) -> None:
    """Number 1 is the newest of those before."""
    for number in range(_KEPT - 1, 0, -1):
        older = target.with_name(f"releases-{number}.json")
        if older.exists():
            older.replace(target.with_name(f"releases-{number + 1}.json"))
    target.with_name("releases-1.json").write_bytes(target.read_bytes())
