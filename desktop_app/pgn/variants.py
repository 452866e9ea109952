"""Which rules a game was played by, and the position it starts from, read from its tags.

Pure, any thread. Called by `pgn.reader`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import chess
import chess.variant

_CHESS960 = frozenset(
    {
        "960",
        "chess960",
        "chess9lx",
        "fischerandom",
        "fischerrandom",
        "fischerrandomchess",
        "frc",
        "freestyle",
        "freestylechess",
        "chess960fischerrandom",
        "randomchess",
    }
)
_STANDARD = frozenset(
    {
        "",
        "standard",
        "standardchess",
        "regular",
        "regularchess",
        "normal",
        "chess",
        "classical",
        "classic",
        "orthodox",
        "orthodoxchess",
        "fromposition",
        "setup",
        "illegal",
        "none",
    }
)
_HARMLESS = chess.STATUS_IMPOSSIBLE_CHECK | chess.STATUS_TOO_MANY_CHECKERS
"""Positions no game can reach, but any engine can search."""

_LONGEST_NAME = 24
"""Characters of an unknown variant's tag that name it; the tag itself is among the headers."""

NOT_JUDGED_VARIANT = "variant not judged"
NOT_JUDGED_POSITION = "the start position is impossible"


@dataclass(frozen=True, slots=True)
class Start:
    """Where a game starts.

    Attributes:
        variant: as `GameRecord.variant`.
        board: the start position, None for a variant whose rules python-chess lacks.
        start_fen: None where it is the variant's usual start.
        not_judged: why the game cannot be analysed, None where it can.
        repairs: what was mended in the FEN.
    """

    variant: str
    board: chess.Board | None
    start_fen: str | None
    not_judged: str | None = None
    repairs: tuple[str, ...] = ()


class BadStartError(ValueError):
    """The FEN tag describes no position."""


def read_start(tags: dict[str, str]) -> Start:
    """Rules and start position. Raises BadStartError where the FEN of a known variant is unreadable."""
    tag = tags.get("Variant", "").strip()
    fen = tags.get("FEN", "").strip()
    name = re.sub(r"[^a-z0-9]", "", tag.casefold())
    if name in _CHESS960 or name.startswith("wild"):
        return _chess(fen, chess960=True)
    if name in _STANDARD and (name or tag in {"", "?", "-"}):
        return _chess(fen, chess960=False)
    try:
        board_class = chess.variant.find_variant(tag)
    except ValueError:
        return Start(f"unknown:{tag[:_LONGEST_NAME]}", None, fen or None, NOT_JUDGED_VARIANT)
    return _other(board_class, fen)


def _chess(fen: str, *, chess960: bool) -> Start:
    if not fen:
        return Start("chess960" if chess960 else "chess", chess.Board(chess960=chess960), None)
    board = _board(chess.Board, fen, chess960=chess960)
    board.chess960 = board.chess960 or board.has_chess960_castling_rights()
    repairs = _mend(board)
    status = board.status() & ~_HARMLESS
    written = board.fen()
    return Start(
        "chess960" if board.chess960 else "chess",
        board,
        None if written == chess.STARTING_FEN else written,
        NOT_JUDGED_POSITION if status != chess.STATUS_VALID else None,
        repairs,
    )


def _other(board_class: type[chess.Board], fen: str) -> Start:
    board = _board(board_class, fen, chess960=False) if fen else board_class()
    board.chess960 = board.has_chess960_castling_rights()
    written = board.fen()
    usual = written == board_class().fen()
    return Start(str(board_class.uci_variant), board, None if usual else written, NOT_JUDGED_VARIANT)


def _board(board_class: type[chess.Board], fen: str, *, chess960: bool) -> chess.Board:
    try:
        return board_class(fen, chess960=chess960)
    except (ValueError, IndexError) as error:
        raise BadStartError(str(error)) from error


def _mend(board: chess.Board) -> tuple[str, ...]:
    """Castling and en passant rights that the pieces contradict are dropped, as every reader does, but in words."""
    repairs = []
    clean = board.clean_castling_rights()
    if clean != board.castling_rights:
        board.castling_rights = clean
        repairs.append("castling rights in the FEN that its pieces do not allow were dropped")
    if board.ep_square is not None and not board.has_legal_en_passant():
        board.ep_square = None
    return tuple(repairs)
