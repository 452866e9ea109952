"""What a term of a filter says, in the words of a player: "White: Carlsen", "rating 2400 or more". Main thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.filter_terms import Filter, Not, Op, Range, Term, Word

if TYPE_CHECKING:
    from desktop_app.domain.filter_pieces import Piece

_TITLES = {
    "player": "Player", "white": "White", "black": "Black", "event": "Event", "site": "Site", "round": "Round",
    "opening": "Opening", "eco": "ECO", "variant": "Variant", "termination": "Ended by", "time": "Time control",
    "speed": "Speed", "result": "Result", "state": "State", "date": "Date", "id": "Number", "batch": "Import",
    "moves": "Moves", "plies": "Half-moves", "elo": "Rating", "white_elo": "White's rating",
    "black_elo": "Black's rating", "tag": "Tag", "collection": "Collection", "comment": "Comment",
    "position": "Position", "won": "Won by", "lost": "Lost by", "drew": "Drawn by", "opponent": "My opponent",
    "my_colour": "My colour", "accuracy": "Accuracy", "acpl": "Average loss",
}  # fmt: skip
_RESULTS = {"1-0": "White won", "0-1": "Black won", "1/2-1/2": "Draw", "*": "No result"}
_STATES = {
    "unanalysed": "Not analysed", "queued": "Queued", "in_progress": "Being analysed", "analysed": "Analysed",
    "failed": "Failed",
}  # fmt: skip
_MARKS = {
    "partial": "Cut short", "notjudged": "Cannot be judged", "analysable": "Can be analysed", "mine": "My games",
}  # fmt: skip
_SIGNS = {
    Op.EQUAL: "=", Op.UNEQUAL: "≠", Op.LESS: "<", Op.AT_MOST: "≤", Op.MORE: ">", Op.AT_LEAST: "≥",
}  # fmt: skip
_LONGEST = 48


def piece_words(piece: Piece) -> str:
    """What a chip says of this piece."""
    words = filter_words(piece.filter)
    text = piece.text if words is None else words
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def filter_words(filter_: Filter) -> str | None:
    """Words for one term, its negation or a bare word; None for what only the expression can say."""
    match filter_:
        case Word(text):
            return f"“{text}”"
        case Not(child):
            inner = filter_words(child)
            return None if inner is None else f"not {inner}"
        case Term():
            return _term_words(filter_)
    return None


def _term_words(term: Term) -> str:
    value = term.value
    known = {"result": _RESULTS, "state": _STATES, "is": _MARKS}.get(term.name)
    if known is not None and isinstance(value, str):
        words = known.get(value, value)
        return f"not {words}" if term.op is Op.UNEQUAL else words
    title = _TITLES.get(term.name) or term.name.replace("_", " ").capitalize()
    if isinstance(value, Range):
        return f"{title} {_plain(value.low)}\N{EN DASH}{_plain(value.high)}"
    if isinstance(value, str) and term.op in {Op.CONTAINS, Op.EQUAL}:
        return f"{title}: {value.capitalize() if term.name == 'speed' else value}"
    sign = _SIGNS.get(term.op, "")
    return f"{title} {sign} {_plain(value)}".replace("  ", " ")


def _plain(value: float | str | Range) -> str:
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)
