"""The fast modules in both forms: as installed (compiled where a compiler was at hand), and from their source."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.pgn.fast import scan

if TYPE_CHECKING:
    from types import ModuleType

FOLDER = Path(scan.__file__).parent
_NAMES = ("desktop_app.pgn.fast.board", "desktop_app.pgn.fast.scan")


def plain_scanner() -> Any:
    """A Scanner of the uncompiled source, whatever is installed."""
    installed = {name: sys.modules[name] for name in _NAMES}
    try:
        modules = [_load(name) for name in _NAMES]
    finally:
        sys.modules.update(installed)
    return modules[1].Scanner()


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name.rpartition('.')[2]}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
