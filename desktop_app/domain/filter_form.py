"""A filter expression as a form: which of its terms a control can show, and the expression after a control changed.

Standard library only, any thread. What no control can show stays untouched in the expression.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from desktop_app.domain.filter_pieces import Piece, join_pieces, quoted, show_words, split_filter, words_of, write_words
from desktop_app.domain.filter_terms import FIELDS, Filter, Op, Range, Term, Word

if TYPE_CHECKING:
    from collections.abc import Mapping

SlotValue = tuple[str, str]
"""A control's value: (lowest, highest) for spans, (field, text) for names, else (text, ""). Empty texts: not asked."""

NOTHING: SlotValue = ("", "")


class SlotKind(Enum):
    """How a control asks."""

    NAME = "name"
    TEXT = "text"
    SPAN = "span"
    CHOICE = "choice"
    FLAG = "flag"
    WORDS = "words"
    """All bare words of the expression, wherever they stand in it."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One control.

    Attributes:
        name: to find it by.
        fields: names of `FIELDS` it reads; the first one is written.
        whole: whether a span counts in whole numbers, so that "more than 3" is "at least 4".
        flag: for FLAG, the value of the field that is asked for.
    """

    name: str
    kind: SlotKind
    fields: tuple[str, ...]
    whole: bool = False
    flag: str = ""


_SIDES = ("player", "white", "black")
_OTHER = {"player": "player", "white": "black", "black": "white"}

SLOTS: Mapping[str, Slot] = {
    slot.name: slot
    for slot in (
        Slot("words", SlotKind.WORDS, ()),
        Slot("player", SlotKind.NAME, _SIDES),
        Slot("opponent", SlotKind.NAME, _SIDES),
        Slot("elo", SlotKind.SPAN, ("elo",), whole=True),
        Slot("result", SlotKind.CHOICE, ("result",)),
        Slot("date", SlotKind.SPAN, ("date",)),
        Slot("event", SlotKind.TEXT, ("event",)),
        Slot("site", SlotKind.TEXT, ("site",)),
        Slot("opening", SlotKind.NAME, ("opening", "eco")),
        Slot("speed", SlotKind.CHOICE, ("speed",)),
        Slot("moves", SlotKind.SPAN, ("moves",), whole=True),
        Slot("termination", SlotKind.TEXT, ("termination",)),
        Slot("state", SlotKind.CHOICE, ("state",)),
        Slot("accuracy", SlotKind.SPAN, ("accuracy",)),
        Slot("blunders", SlotKind.SPAN, ("blunders",), whole=True),
        Slot("mistakes", SlotKind.SPAN, ("mistakes",), whole=True),
        Slot("tag", SlotKind.TEXT, ("tag",)),
        Slot("batch", SlotKind.CHOICE, ("batch",)),
        Slot("comment", SlotKind.TEXT, ("comment",)),
        Slot("mine", SlotKind.FLAG, ("is",), flag="mine"),
    )
    if all(field in FIELDS for field in slot.fields)
}
_WHOLE_STEPS = {Op.MORE: (1.0, Op.AT_LEAST), Op.LESS: (-1.0, Op.AT_MOST)}
_ECO = re.compile(r"[A-Ea-e]\d{0,2}(?:\.\.[A-Ea-e]\d{0,2})?")


@dataclass(frozen=True, slots=True)
class FilterForm:
    """An expression read for its controls.

    Attributes:
        places: the pieces each control shows; more than one for bare words alone.
        values: what each control shows; a slot that is missing is empty.
        rest: pieces no control can show.
    """

    pieces: tuple[Piece, ...]
    places: Mapping[str, tuple[int, ...]]
    values: Mapping[str, SlotValue]

    @classmethod
    def read(cls, expression: str) -> FilterForm:
        """Give every piece to the first free slot that can show it. Raises FilterSyntaxError."""
        pieces = split_filter(expression)
        words = {place: piece.filter.text for place, piece in enumerate(pieces) if isinstance(piece.filter, Word)}
        places = {"words": tuple(words)} if words else {}
        values = {"words": (show_words(words.values()), "")} if words else {}
        for place, piece in enumerate(pieces):
            for name, slot in SLOTS.items():
                value = None if name in places else _read(slot, piece.filter)
                if value is not None and _fits(name, value, values):
                    places[name], values[name] = (place,), value
                    break
        return cls(pieces, places, values)

    @property
    def rest(self) -> tuple[Piece, ...]:
        """What stays as it is."""
        taken = {place for places in self.places.values() for place in places}
        return tuple(piece for place, piece in enumerate(self.pieces) if place not in taken)

    def changed(self, name: str, value: SlotValue) -> str:
        """The expression with this control's value; everything else stands where it stood."""
        new = {name: value}
        if name == "player" and "opponent" in self.values:
            new["opponent"] = (_OTHER[value[0] or "player"], self.values["opponent"][1])
        texts: list[str] = [piece.text for piece in self.pieces]
        for one, wanted in new.items():
            text = _write(SLOTS[one], wanted)
            first, *others = self.places.get(one, (len(texts),))
            texts[first : first + 1] = [text]
            for place in others:
                texts[place] = ""
        return join_pieces(text for text in texts if text)

    def without(self, place: int) -> str:
        """The expression without its piece at `place`."""
        return join_pieces(piece for number, piece in enumerate(self.pieces) if number != place)

    def opponent_field(self) -> str:
        """The field an opponent's name goes into, by the colour asked of the player."""
        return _OTHER[self.values.get("player", NOTHING)[0] or "player"]


def _fits(name: str, value: SlotValue, values: Mapping[str, SlotValue]) -> bool:
    """An opponent must be of the other colour than the player."""
    return name != "opponent" or value[0] == _OTHER[values.get("player", NOTHING)[0] or "player"]


def _read(slot: Slot, filter_: Filter) -> SlotValue | None:
    """What the control would show of this term, None where it cannot."""
    if not isinstance(filter_, Term) or filter_.name not in slot.fields:
        return None
    if slot.kind is SlotKind.SPAN:
        return _read_span(slot, filter_)
    text = _plain(filter_.value)
    if filter_.op not in {Op.CONTAINS, Op.EQUAL}:
        return None
    if slot.kind is SlotKind.FLAG:
        return (slot.flag, "") if text == slot.flag else None
    if filter_.op is Op.EQUAL and slot.kind in {SlotKind.NAME, SlotKind.TEXT}:
        text = f"={text}"
    return (filter_.name, text) if slot.kind is SlotKind.NAME else (text, "")


def _read_span(slot: Slot, term: Term) -> SlotValue | None:
    value, op = term.value, term.op
    if isinstance(value, Range):
        return _plain(value.low), _plain(value.high)
    if slot.whole and isinstance(value, float) and op in _WHOLE_STEPS:
        step, op = _WHOLE_STEPS[op]
        value += step
    shown = {
        Op.CONTAINS: (_plain(value), _plain(value)),
        Op.EQUAL: (_plain(value), _plain(value)),
        Op.AT_LEAST: (_plain(value), ""),
        Op.AT_MOST: ("", _plain(value)),
    }
    return shown.get(op)


def _write(slot: Slot, value: SlotValue) -> str:
    """The term of a control's value, "" for none."""
    first, second = (part.strip() for part in value)
    field = slot.fields[0] if slot.fields else ""
    match slot.kind:
        case SlotKind.SPAN:
            return _write_span(field, first, second)
        case SlotKind.WORDS:
            return write_words(words_of(value[0]))  # blanks between quotation marks count
        case SlotKind.FLAG:
            return f"{field}:{slot.flag}" if first else ""
        case SlotKind.NAME:
            if slot.name == "opening":
                first = "eco" if _ECO.fullmatch(second) else "opening"
            return _write_text(first or field, second)
    return _write_text(field, first)


def _write_text(field: str, text: str) -> str:
    exact = text.startswith("=")
    text = text[1:].strip() if exact else text
    return f"{field}{'=' if exact else ':'}{quoted(text)}" if text else ""


def _write_span(field: str, low: str, high: str) -> str:
    if low and high:
        return f"{field}:{low}" if low == high else f"{field}:{low}..{high}"
    if low or high:
        return f"{field}>={low}" if low else f"{field}<={high}"
    return ""


def _plain(value: float | str | Range) -> str:
    if isinstance(value, Range):
        return f"{_plain(value.low)}..{_plain(value.high)}"
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)
