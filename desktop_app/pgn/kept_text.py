"""The text a game is kept as: what it must be so that the same game is found in it again.

Text that was mended, cut off by a fault or freed of zero bytes may read otherwise the second time: what followed a
fault may look like the next game, or like the rest of a comment. Such text is put right in the least way that helps:
first what was not read becomes a comment, and if that does not do, the whole text becomes one behind moves written
anew. Nothing of it is lost either way. Pure, any thread. Called by `pgn.reader`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import chess

from desktop_app.domain.moves import unpack_moves
from desktop_app.pgn.headers import format_tags
from desktop_app.pgn.splitter import RawGame, Splitter
from desktop_app.pgn.tree import human_annotations
from desktop_app.pgn.variants import BadStartError, read_start

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.game import GameRecord
    from desktop_app.pgn.movetext import Mainline

_BRACES = str.maketrans("{}", "()")
_GAPS = re.compile(r"\s+")
_NEXT = '[T ""]\n[Result "*"]\n\n*\n'
"""A game that is hard to see as the next one: it does not begin with the usual tag."""


def lasting(
    record: GameRecord, mainline: Mainline | None, body: str, read: Callable[[RawGame], GameRecord | None]
) -> GameRecord:
    """The record with a text in which the same game is found again.

    Args:
        record: as it was read.
        mainline: what its movetext said; None where its rules are unknown and nothing was read.
        body: its movetext as it came.
        read: reads one piece of text, without asking this function.
    """
    if holds(record.pgn, record, read):
        return record
    tags = dict(record.headers)
    result = tags.get("Result", "*")
    if mainline is not None:
        head = mainline.read_text.rstrip()
        text = f"{format_tags(list(record.headers))}\n{head} {_as_comment(mainline.unread_text)}"
        text += f"{'' if mainline.result else ' ' + result}\n"
        if holds(text, record, read):
            return replace(record, pgn=text)
    return replace(record, pgn=_written_anew(record, body, result))


def holds(text: str, record: GameRecord, read: Callable[[RawGame], GameRecord | None], *, deep: bool = True) -> bool:
    """Whether exactly this game, with all that people wrote, is found in the text when another game follows it.

    Where reading would write the text otherwise, that one must hold as it is; `deep` says whether to look so far.
    """
    splitter = Splitter()
    pieces = [*splitter.feed(f"{text}\n{_NEXT}".encode("utf-8", "replace")), *splitter.finish()]
    if len(pieces) != 2 or not isinstance(pieces[0], RawGame) or pieces[1].data.decode().strip() != _NEXT.strip():
        return False
    found = read(pieces[0])
    if found is None or _facts(found) != _facts(record):
        return False
    return found.pgn == text or (
        deep
        and human_annotations(found) == human_annotations(replace(record, pgn=text))
        and holds(found.pgn, found, read, deep=False)
    )


def _facts(record: GameRecord) -> tuple[bytes, str | None, str, dict[str, str]]:
    return record.moves, record.start_fen, record.variant, dict(record.headers)


def _as_comment(text: str) -> str:
    """The text as one comment on one line, so that nothing in it can look like a tag, a move or an end."""
    words = _GAPS.sub(" ", text.translate(_BRACES)).strip()
    return f"{{{words}}}" if words else ""


def _written_anew(record: GameRecord, body: str, result: str) -> str:
    """Tags, all that was written as a comment, the moves and the result."""
    parts = [_as_comment(body), *_numbered(record), result]
    return f"{format_tags(list(record.headers))}\n{' '.join(part for part in parts if part)}\n"


def _numbered(record: GameRecord) -> list[str]:
    if not record.moves:
        return []
    try:
        board = read_start(dict(record.headers)).board
    except BadStartError:
        board = None
    board = (board or chess.Board()).copy(stack=False)
    words = []
    for move in unpack_moves(record.moves):
        words.append(f"{board.fullmove_number}." if board.turn else f"{board.fullmove_number}...")
        words.append(board.san(move) if move else "--")
        board.push(move)
    return words
