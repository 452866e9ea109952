"""What the user chose: frozen, typed, validated; kept as JSON with a schema version. No Qt, any thread.

Entry points and `ui` read settings and pass values on; services never see them. Order of precedence: command line, then
environment (`KIBITZ_ENGINE`, `KIBITZ_WORKERS`, …), then the file, then defaults. What came from the environment is
never written to the file. Window geometry and the like are not settings: `ui` keeps them in QSettings.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

from desktop_app.domain.engine_setup import EngineEntry, EngineSetup
from desktop_app.domain.judgement import GRADINGS, Grading, OwnThresholds
from desktop_app.domain.profile import PROFILE_NODES, Profile
from desktop_app.errors import UsageError

logger = logging.getLogger(__name__)

SCHEMA_VERSION = 2
MAX_WORKERS = 256
MAX_SERVER_CHUNKS = 128
MAX_BUDGET_MB = 1_000_000_000
MOST_RECENT = 10

Migrator: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]


def _list_the_engine(data: dict[str, Any]) -> dict[str, Any]:
    """Version 2 keeps a list of engines: the one chosen before is its first."""
    path = data.get("engine_path")
    return {**data, "engines": [{"path": path}] if isinstance(path, str) and path.strip() else []}


MIGRATORS: dict[int, Migrator] = {1: _list_the_engine}
"""From version n to n + 1. A version without an entry needs no change."""


class Place(StrEnum):
    """Where games are analysed."""

    HERE = "here"
    SERVER = "server"
    BOTH = "both"


class Theme(StrEnum):
    """Colours of the window; `system` follows the desktop."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, valid by construction (`UsageError` otherwise).

    Attributes:
        engine_path: the UCI engine to use; None finds one on PATH and in the usual places.
        engines: the user's list of engines, with the options chosen for each.
        syzygy: folder of Syzygy endgame tables (or several, joined by the system's path separator), None for none.
        workers: engines that run at once; None means cores - 1, at least 1.
        profile: how deep to look when nothing else is said.
        own_gradings: the user's own thresholds, by name.
        grading: thresholds and rules of judging, a name of `domain.judgement.GRADINGS` or of `own_gradings`.
        theme: colours of the window.
        language: "system", or a language code such as "en".
        backup: whether the window backs the library up once a day.
        backup_folder: where backups go; None for a folder beside each library.
        backup_budget_mb: older backups of a library go when all together take more.
        last_library: path or URL that the window had open last; None for the per-user one. Never with a password.
        recent_libraries: opened lately, newest first.
        place: where games are analysed.
        server: address of the analysis server; its token is kept elsewhere (`remote.token_store`).
        server_chunks: most chunks at the server at once.
        spot_checks: one chunk in so many of a server's is searched again here; 0 for none but the first ones.
    """

    engine_path: str | None = None
    engines: tuple[EngineEntry, ...] = ()
    syzygy: str | None = None
    workers: int | None = None
    profile: Profile = Profile.STANDARD
    own_gradings: tuple[OwnThresholds, ...] = ()
    grading: str = "lichess"
    theme: Theme = Theme.SYSTEM
    language: str = "system"
    backup: bool = True
    backup_folder: str | None = None
    backup_budget_mb: int = 20_000
    last_library: str | None = None
    recent_libraries: tuple[str, ...] = ()
    place: Place = Place.HERE
    server: str | None = None
    server_chunks: int = 64
    spot_checks: int = 50

    def __post_init__(self) -> None:
        if self.workers is not None and not 1 <= self.workers <= MAX_WORKERS:
            raise UsageError(f"workers must be between 1 and {MAX_WORKERS}, not {self.workers}.")
        if len({entry.path for entry in self.engines}) != len(self.engines):
            raise UsageError("engines must have different paths.")
        if self.profile not in PROFILE_NODES:
            raise UsageError(f"profile must be one of {', '.join(PROFILE_NODES)}, not {self.profile}.")
        if len(self.gradings) != len(GRADINGS) + len(self.own_gradings):
            raise UsageError("own_gradings must have different names.")
        if self.grading not in self.gradings:
            raise UsageError(f"grading must be one of {', '.join(self.gradings)}, not {self.grading!r}.")
        if not 1 <= self.server_chunks <= MAX_SERVER_CHUNKS:
            raise UsageError(f"server_chunks must be between 1 and {MAX_SERVER_CHUNKS}, not {self.server_chunks}.")
        if not 0 <= self.spot_checks <= 1_000_000:
            raise UsageError(f"spot_checks must be between 0 and 1,000,000, not {self.spot_checks}.")
        if not 1 <= self.backup_budget_mb <= MAX_BUDGET_MB:
            raise UsageError(f"backup_budget_mb must be between 1 and {MAX_BUDGET_MB:,}, not {self.backup_budget_mb}.")

    @property
    def gradings(self) -> dict[str, Grading]:
        """All gradings that can be chosen, by name: those Kibitz brings, then the user's own."""
        return {**GRADINGS, **{own.name: own.grading for own in self.own_gradings}}

    @property
    def grading_in_force(self) -> Grading:
        """The thresholds and rules everything is judged by."""
        return self.gradings[self.grading]

    def engine_setup(self, path: str) -> EngineSetup:
        """What the engine at `path` is told: the options chosen for it, and where endgame tables are."""
        options = next((entry.options for entry in self.engines if entry.path == path), ())
        return EngineSetup(options, self.syzygy or "")

    @property
    def effective_workers(self) -> int:
        """Engines to run at once: what was chosen, else `default_workers()`."""
        return self.workers or default_workers()


def cores() -> int:
    """Cores this process may use; at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_workers() -> int:
    """Cores less one for the window and the writer; at least 1."""
    return max(1, cores() - 1)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text")
    return value.strip()


def _workers(value: object) -> int | None:
    if value is None or value in {"", "auto"}:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("must be a whole number or auto")  # noqa: TRY004 (one kind of error for all readers)
    return int(value)


def _optional_text(value: object) -> str | None:
    return None if value is None or value == "" else _text(value)


def _switch(value: object) -> bool:
    words = {True: True, False: False, "1": True, "0": False, "yes": True, "no": False, "true": True, "false": False}
    if not isinstance(value, bool | str) or value not in words:
        raise ValueError("must be true or false")
    return words[value]


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("must be a whole number")  # noqa: TRY004 (one kind of error for all readers)
    return int(value)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("must be a list of texts")  # noqa: TRY004 (one kind of error for all readers)
    return tuple(_text(one) for one in value)[:MOST_RECENT]


def _engines(value: object) -> tuple[EngineEntry, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("must be a list of engines")  # noqa: TRY004 (one kind of error for all readers)
    return tuple(_engine(one) for one in value)


def _engine(value: object) -> EngineEntry:
    if isinstance(value, EngineEntry):
        return value
    if not isinstance(value, dict):
        raise ValueError("each engine must have a path")  # noqa: TRY004 (as above)
    name, options = value.get("name", ""), value.get("options", [])
    if not isinstance(name, str) or not isinstance(options, list | tuple):
        raise ValueError("an engine has a name and a list of options")  # noqa: TRY004 (as above)
    for option in options:
        if not isinstance(option, list | tuple) or [type(one) for one in option] != [str, str]:
            raise ValueError("an engine's option must be a name and a value")
    return EngineEntry(_text(value.get("path")), name, tuple((one[0], one[1]) for one in options))


def _own_gradings(value: object) -> tuple[OwnThresholds, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("must be a list of thresholds")  # noqa: TRY004 (one kind of error for all readers)
    return tuple(_own_grading(one) for one in value)


def _own_grading(value: object) -> OwnThresholds:
    if isinstance(value, OwnThresholds):
        return value
    if not isinstance(value, dict):
        raise ValueError("each must have a name and three thresholds")  # noqa: TRY004 (as above)
    name, thresholds = value.get("name"), [value.get(key) for key in ("inaccuracy", "mistake", "blunder")]
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in thresholds):
        raise ValueError("each must have a name and three thresholds")
    return OwnThresholds(_text(name), *(float(one) for one in thresholds if isinstance(one, int | float)))


_READERS: dict[str, Callable[[object], Any]] = {
    "engine_path": _optional_text,
    "engines": _engines,
    "syzygy": _optional_text,
    "workers": _workers,
    "profile": lambda value: Profile(_text(value)),
    "own_gradings": _own_gradings,
    "grading": _text,
    "theme": lambda value: Theme(_text(value)),
    "language": _text,
    "backup": _switch,
    "backup_folder": _optional_text,
    "backup_budget_mb": _number,
    "last_library": _optional_text,
    "recent_libraries": _texts,
    "place": lambda value: Place(_text(value)),
    "server": _optional_text,
    "server_chunks": _number,
    "spot_checks": _number,
}

_VARIABLES = {
    "engine_path": "KIBITZ_ENGINE",
    "syzygy": "KIBITZ_SYZYGY",
    "workers": "KIBITZ_WORKERS",
    "profile": "KIBITZ_PROFILE",
    "grading": "KIBITZ_GRADING",
    "theme": "KIBITZ_THEME",
    "language": "KIBITZ_LANGUAGE",
    "backup": "KIBITZ_BACKUP",
    "backup_folder": "KIBITZ_BACKUP_FOLDER",
    "server": "KIBITZ_SERVER",
}


def _take(base: Settings, values: Mapping[str, object], origin: str, problems: list[str]) -> Settings:
    """Put values over `base` one by one; a bad one keeps what was there and is reported."""
    # In the order of the readers: a grading of the user's own can be chosen only once it is known.
    for name in sorted(values, key=list(_READERS).index):
        value = values[name]
        try:
            base = replace(base, **{name: _READERS[name](value)})
        except (ValueError, UsageError) as error:
            problems.append(f"{origin}: {name} is {value!r}, which cannot be used ({error}); it was ignored.")
    return base


def _object(text: str) -> dict[str, Any]:
    data = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 (reported like any other broken file)
    return data


def migrate(data: dict[str, Any], migrators: Mapping[int, Migrator], target: int) -> dict[str, Any]:
    """Lift `data` to schema `target`, one version at a time. Raises whatever a migrator raises; `data` is untouched."""
    lifted = dict(data)
    for version in range(int(lifted.get("version", 1)), target):
        step = migrators.get(version)
        lifted = dict(step(lifted)) if step else lifted
        lifted["version"] = version + 1
    return lifted


def _backup(file: Path, why: str) -> None:
    """Keep a copy of the file as it is, under the first free name."""
    for number in range(1, 1000):
        copy = file.with_name(f"{file.name}.{why}-{number}")
        if not copy.exists():
            shutil.copy2(file, copy)
            return


class SettingsStore:
    """The settings file and what is in force. Safe from any thread.

    Reading never fails: what cannot be used is ignored and named in `problems` (sentences for the user), and the file
    is copied aside before anything overwrites it.
    """

    def __init__(
        self,
        file: Path,
        environ: Mapping[str, str] | None = None,
        *,
        migrators: Mapping[int, Migrator] | None = None,
        schema_version: int = SCHEMA_VERSION,
    ) -> None:
        self._file = file
        self._environ = os.environ if environ is None else environ
        self._migrators = MIGRATORS if migrators is None else migrators
        self._schema_version = schema_version
        self._lock = threading.Lock()
        self._unknown: dict[str, Any] = {}
        self.problems: list[str] = []
        self._stored = self._read()

    @property
    def current(self) -> Settings:
        """What is in force: the file's values with the environment's over them."""
        named = {name: self._environ[key] for name, key in _VARIABLES.items() if self._environ.get(key)}
        ignored: list[str] = []
        settings = _take(self._stored, named, "environment", ignored)
        for problem in ignored:
            if problem not in self.problems:
                self.problems.append(problem)
        return settings

    def update(self, **changes: Any) -> Settings:
        """Change values, write the file, and return what is in force now.

        Raises UsageError for a value that is not valid, OSError when the file cannot be written; nothing changed then.
        """
        with self._lock:
            stored = replace(self._stored, **changes)
            self._write(stored)
            self._stored = stored
        return self.current

    def _read(self) -> Settings:
        try:
            data = _object(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Settings()
        except (OSError, ValueError) as error:
            self._put_aside("broken", f"The settings in {self._file} cannot be read ({error}); defaults are used.")
            return Settings()
        version = data.get("version", 1)
        if not isinstance(version, int) or version > self._schema_version:
            self._put_aside("newer", f"A newer Kibitz wrote {self._file}; what this one understands is used.")
        elif version < self._schema_version:
            self._put_aside(f"v{version}", "")
            try:
                data = migrate(data, self._migrators, self._schema_version)
            except Exception as error:  # a migrator may fail in any way; the user's file must survive it
                logger.exception("settings could not be migrated")
                self.problems.append(f"The settings in {self._file} could not be taken over ({error}).")
                return Settings()
        names = {field.name for field in fields(Settings)}
        self._unknown = {name: value for name, value in data.items() if name not in names and name != "version"}
        known = {name: value for name, value in data.items() if name in names}
        return _take(Settings(), known, str(self._file), self.problems)

    def _put_aside(self, why: str, problem: str) -> None:
        if problem:
            self.problems.append(problem)
        try:
            _backup(self._file, why)
        except OSError as error:
            logger.warning("settings file could not be copied aside: %s", error)

    def _write(self, settings: Settings) -> None:
        """Replace the file whole, so that a crash leaves the old one or the new one."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        data = {"version": self._schema_version, **self._unknown, **asdict(settings)}
        handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=f".{self._file.name}.", text=True)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(data, stream, indent=2, sort_keys=True)
                stream.write("\n")
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(self._file)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
