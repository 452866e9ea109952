"""Reading processes load what they need, and no more."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LOADED = """
import sys
from pathlib import Path
from desktop_app.pgn.sources import Source
from desktop_app.services.import_reading import ReadTask, read_source
path = Path(sys.argv[1])
games = 0
for message in read_source(ReadTask(0, Source(str(path), path.name, path.stat().st_size))):
    games += len(getattr(message, "prepared", ()))
print(games, sorted({"chess", "sqlalchemy", "PySide6"} & set(sys.modules)))
"""
_PLAIN = '[Event "x"]\n[White "a"]\n[Black "b"]\n[Result "1-0"]\n\n1. e4 e5 1-0\n\n'
_ODD = '[Event "x"]\n[White "a"]\n[Black "b"]\n[Result "1-0"]\n\n1. e2-e4 e7-e5 1-0\n'


def _loaded(path: Path) -> str:
    done = subprocess.run([sys.executable, "-c", _LOADED, str(path)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_plain_games_are_read_without_python_chess(tmp_path: Path) -> None:
    """python-chess is a third of a process's start: only a game that is not laid out plainly has it loaded."""
    path = tmp_path / "games.pgn"
    path.write_text(_PLAIN)
    assert _loaded(path) == "1 []"
    path.write_text(_PLAIN + _ODD)
    assert _loaded(path) == "2 ['chess']"
