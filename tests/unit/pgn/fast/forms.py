"""The fast modules in both forms: as installed (compiled where a compiler was at hand), and from their source."""

from __future__ import annotations

import importlib.util
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.pgn.fast import counts

if TYPE_CHECKING:
    from types import ModuleType

FOLDER = Path(counts.__file__).parent
_NAMES = tuple(f"desktop_app.pgn.fast.{name}" for name in ("counts", "board", "scan", "tags", "runs"))
"""Each after those it builds on."""


@lru_cache(maxsize=1)
def plain_forms() -> dict[str, Any]:
    """The modules from their uncompiled source, whatever is installed, by the last part of their name."""
    installed = {name: sys.modules[name] for name in _NAMES}
    try:
        return {last: load(name, FOLDER / f"{last}.py") for name in _NAMES if (last := name.rpartition(".")[2])}
    finally:
        sys.modules.update(installed)


def load(name: str, source: Path) -> ModuleType:
    """A module from its source, in the place of the one that has this name."""
    spec = importlib.util.spec_from_file_location(name, source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
