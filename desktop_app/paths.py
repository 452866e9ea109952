"""Where Kibitz keeps things, and where its own resources are. Any thread; called by entry points and `ui`.

Nothing is created here: who writes a file makes its folder. Services and below never look up a path, they are given it.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

from platformdirs import PlatformDirs

LIBRARY_VARIABLE = "KIBITZ_LIBRARY"
_DIRS = "Kibitz" if sys.platform in {"win32", "darwin"} else "kibitz"


def _dirs() -> PlatformDirs:
    # Asked anew each time: tests and portable set-ups change the environment.
    return PlatformDirs(_DIRS, appauthor=False, roaming=False)


def data_dir() -> Path:
    """Folder of the user's library."""
    return Path(_dirs().user_data_dir)


def engines_dir() -> Path:
    """Folder of the engines that Kibitz has downloaded, and of the user's list of releases."""
    return data_dir() / "engines"


def config_dir() -> Path:
    """Folder of the settings file."""
    return Path(_dirs().user_config_dir)


def cache_dir() -> Path:
    """Folder of what can be computed again."""
    return Path(_dirs().user_cache_dir)


def log_dir() -> Path:
    """Folder of log files and crash reports."""
    return Path(_dirs().user_log_dir)


def settings_file() -> Path:
    """The settings as JSON."""
    return config_dir() / "settings.json"


def default_library() -> Path:
    """The per-user library, used where nothing else is named."""
    return data_dir() / "library.kibitz"


def library_location(named: str | None = None) -> str:
    """Path or URL of the library to open: what was named, else `KIBITZ_LIBRARY`, else the per-user one."""
    return named or os.environ.get(LIBRARY_VARIABLE) or str(default_library())


def resources_dir() -> Path:
    """Folder of icons, themes and sample games: in the source tree, in a frozen build, or beside an installed wheel."""
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle:
        return Path(bundle) / "resources"
    return _installed_resources()


@cache
def _installed_resources() -> Path:
    """Looked for once: every icon asks."""
    in_source_tree = Path(__file__).resolve().parent.parent / "resources"
    if in_source_tree.is_dir():
        return in_source_tree
    return Path(sys.prefix) / "share" / "kibitz" / "resources"


def resource(*parts: str) -> Path:
    """A file among the resources, for example `resource("icons", "import.svg")`; it need not exist."""
    return resources_dir().joinpath(*parts)
