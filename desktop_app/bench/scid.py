"""Scid's own importer on the same file: what `kibitz bench import` is measured against, where Scid is installed.

Debian's package `scid` brings `tkscid`, a Tcl interpreter with Scid's database in it, which runs without a display.
Called by `bench.import_bench`; never required.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SCRIPT = """\
set started [clock milliseconds]
sc_base create [lindex $argv 0]
set base [sc_base current]
set imported [lindex [sc_base import $base [lindex $argv 1]] 0]
sc_base close $base
puts "$imported [expr {[clock milliseconds] - $started}]"
"""
_DEADLINE_S = 600


def find_scid() -> str | None:
    """The interpreter, None where Scid is not installed."""
    return shutil.which("tkscid", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/games")


def import_rate(source: Path, folder: Path) -> tuple[int, float] | None:
    """Games Scid imported, and how many a second (the program's start apart); None where it cannot be measured.

    Scid 4.7 ends with an error at more than 524 287 different sites, which is what a larger export of Lichess has.
    """
    tkscid = find_scid()
    if tkscid is None:
        return None
    script = folder / "import.tcl"
    script.write_text(_SCRIPT, encoding="ascii")
    command = [tkscid, str(script), str(folder / f"scid-{source.stem}"), str(source)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DEADLINE_S, check=True)
        imported, milliseconds = map(int, done.stdout.split()[-2:])
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return imported, imported / max(0.001, milliseconds / 1000)
