"""The numbers of position keys are Polyglot's own."""

from __future__ import annotations

import chess
import chess.polyglot

from desktop_app.domain import polyglot


def test_numbers_are_those_of_the_format() -> None:
    """All 781, and the start position's key, are what python-chess has."""
    assert tuple(chess.polyglot.POLYGLOT_RANDOM_ARRAY) == polyglot.RANDOM
    assert chess.polyglot.zobrist_hash(chess.Board()) == polyglot.START_KEY
