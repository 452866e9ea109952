"""The catalogue of named positions, read from its table as it was published, without replaying a move.

It is OCN-1 by Club d'Escacs Figueres (CC BY 4.0), from the package `ocn-chess`; every row brings its Polyglot key. Pure
after reading; any thread. Called by `openings`, and by `services.import_reading`, whose processes look at keys by other
means and start sooner without python-chess: nothing here loads it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODE_REGEX = re.compile(r"[A-E]\d\d$")
_COLUMNS = {
    "ocn1": rb"([^\t\n]*)",
    "canonical_name": rb"([^\t\n]*)",
    "eco_legacy": rb"([^\t\n|]*)[^\t\n]*",  # the first of several
    "parent_ocn1": rb"([^\t\n]*)",
    "transposes_to": rb"([^\t\n]*)",
    "zobrist": rb"(\d+)",
}


@lru_cache(maxsize=1)
def named_positions() -> Mapping[int, tuple[str, str]]:
    """ECO code and name by Polyglot key; read once in a process, some 10 ms. Raises ModuleNotFoundError without it."""
    # Found without importing the package, whose reader would be loaded with it.
    package = find_spec("ocn")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("ocn-chess is not installed")
    table = Path(package.origin).with_name("data") / "ocn-1.positions.tsv"
    return read_table(table.read_bytes())


def read_table(table: bytes) -> dict[int, tuple[str, str]]:
    """Key -> (ECO, name). Where two rows share a position, the catalogue's canonical row names it."""
    head, _, rows = table.replace(b"\r\n", b"\n").partition(b"\n")
    columns = head.decode().split("\t")
    # One expression for a whole row, and only what is wanted of it made: half the time of splitting each.
    row = re.compile(rb"^" + rb"\t".join(_COLUMNS.get(name, rb"[^\t\n]*") for name in columns) + rb"$", re.MULTILINE)
    wanted = [name for name in columns if name in _COLUMNS]
    slug_at, name_at, eco_at, parent_at, alias_at, key_at = (wanted.index(name) for name in _COLUMNS)
    named: dict[int, tuple[str, str]] = {}
    codes: dict[bytes, str] = {}
    for values in row.findall(rows):
        code = values[eco_at].decode()
        # A row without a code of its own stands under its parent's.
        code = code if _CODE_REGEX.match(code) else codes.get(values[parent_at], "")
        codes[values[slug_at]] = code
        key = int(values[key_at])
        if key not in named or not values[alias_at]:
            named[key] = (code, values[name_at].decode())
    return named
