"""Engines as services see them: which may stand for which, and an engine that fails while it is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_app.domain.evaluation import EngineIdentity
from desktop_app.engine.deadlines import Deadlines
from desktop_app.errors import EngineUnusableError
from desktop_app.services.engines import examine_engine
from desktop_app.services.remote_job import same_engine
from tests.fakes.fake_uci import fake_engine

if TYPE_CHECKING:
    from pathlib import Path

SHORT = Deadlines(handshake_s=60, ready_s=60, search_s=1.0, slowest_nps=100_000)


def test_engines_with_other_options_are_never_mixed() -> None:
    """Hash and threads follow from the search; a chosen option or a folder of tables makes another engine."""
    plain = EngineIdentity("Stockfish", "af67", (("Hash", "16"), ("Threads", "1")))
    larger = EngineIdentity("Stockfish", "af67", (("Hash", "64"), ("Threads", "1")))
    weak = EngineIdentity("Stockfish", "af67", (("Hash", "16"), ("Skill Level", "5"), ("Threads", "1")))
    assert same_engine(plain, larger)
    assert not same_engine(plain, weak)
    assert same_engine(weak, weak)


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("hang", "did not answer within"),
        ("crash_at", "ended with exit code 3"),
        ("garbage", "illegal move"),
        ("illegal_move", "illegal move"),
        ("bound_only", "exact score"),
    ],
)
def test_an_engine_that_fails_at_playing_is_told(tmp_path: Path, mode: str, words: str) -> None:
    """One sentence and what to do; it never gets into the list."""
    with pytest.raises(EngineUnusableError, match=words) as caught:
        examine_engine(fake_engine(tmp_path, mode, 1), deadlines=SHORT)
    assert caught.value.action
