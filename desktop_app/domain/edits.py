"""Edits of games' tags as the library remembers them, and what a tag may hold. Pure values and rules, any thread."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NewType

from desktop_app.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EditId = NewType("EditId", int)
"""Primary key of one edit; never given twice."""


class EditKind(StrEnum):
    """What people did."""

    HEADERS = "headers"
    MERGE = "merge"


class EditState(StrEnum):
    """Where an edit stands. `interrupted`: its process died; what it had changed is there and can be undone."""

    RUNNING = "running"
    DONE = "done"
    UNDONE = "undone"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit.

    Attributes:
        title: what was done, "White and Date of 3 games".
        made_at: UTC seconds since 1970.
        detail: what was asked for, as it is needed to undo it.
        games: how many games it has changed that were not changed back.
    """

    id: EditId
    kind: EditKind
    title: str
    made_at: float
    state: EditState
    detail: dict[str, object]
    games: int

    @property
    def can_be_undone(self) -> bool:
        """Whether there is something to take back."""
        return self.state in {EditState.DONE, EditState.INTERRUPTED}


TagChanges = dict[str, str | None]
"""New values by tag; None takes the tag away."""

ROSTER: dict[str, str] = {
    "Event": "?",
    "Site": "?",
    "Date": "????.??.??",
    "Round": "?",
    "White": "?",
    "Black": "?",
    "Result": "*",
}
"""The seven tags every game has, with what stands there for something unknown."""

RESULTS = ("1-0", "0-1", "1/2-1/2", "*")
HIGHEST_ELO = 4_999
LONGEST_VALUE = 2_000
_LONGEST_NAME = 100
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_DATE = re.compile(r"(\d{4}|\?{4})\.(\d\d|\?\?)\.(\d\d|\?\?)")
_ECO = re.compile(r"[A-E]\d\d(?:[a-z]\d?|/\d{1,2})?")
_FIXED = {
    "FEN": "the start position decides what the moves mean",
    "SetUp": "the start position decides what the moves mean",
    "Variant": "the rules decide what the moves mean",
    "PlyCount": "it is counted from the moves",
}


def checked_changes(changes: Mapping[str, str | None]) -> TagChanges:
    """The changes in the form they are stored in. Raises UsageError with a sentence for the first that cannot be.

    A tag of the roster that is emptied becomes unknown; any other goes.
    """
    if not changes:
        raise UsageError("Nothing was said to change.", action="Name at least one tag and its new value.")
    return {name: _checked(name, value) for name, value in changes.items()}


def trouble_with(name: str, value: str | None) -> str:
    """Why this tag cannot be given this value, as a sentence; "" where it can."""
    try:
        _checked(name, value)
    except UsageError as error:
        return error.text
    return ""


def _checked(name: str, value: str | None) -> str | None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise UsageError(f"{name!r} is no name of a tag: letters, digits and underscores, a letter first.")
    if name in _FIXED:
        raise UsageError(f"{name} cannot be changed: {_FIXED[name]}.")
    text = (value or "").strip()
    if len(text) > LONGEST_VALUE:
        raise UsageError(f"{name} is longer than {LONGEST_VALUE:,} characters.")
    if not all(char.isprintable() for char in text):
        raise UsageError(f"{name} has a line break or another character in it that PGN cannot hold.")
    if not text:
        return ROSTER.get(name)
    rule = _RULES.get(name)
    return rule(name, text) if rule else text


def _date(name: str, text: str) -> str:
    """A date as PGN writes it; a year alone, and dashes or slashes, are understood too."""
    text = text.replace("-", ".").replace("/", ".")
    text += ".??" * (2 - text.count("."))
    found = _DATE.fullmatch(text)
    if found is None:
        raise UsageError(f"{name} is year.month.day, with ? for what is unknown: 2021.10.05, 2021.10.?? or 2021.")
    year, month, day = found.groups()
    if month == "??" and day != "??":
        raise UsageError(f"{name} has a day without a month.")
    try:
        dt.date(
            2000 if "?" in year else max(1, int(year)), 1 if "?" in month else int(month), 1 if "?" in day else int(day)
        )
    except ValueError:
        raise UsageError(f"{name} is no day of the calendar: {text}.") from None
    return text


def _elo(name: str, text: str) -> str | None:
    if text in {"?", "-", "0"}:
        return None
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= HIGHEST_ELO:
        raise UsageError(f"{name} is a whole number from 1 to {HIGHEST_ELO:,}, or empty.")
    return str(int(text))


def _result(name: str, text: str) -> str:
    known = {"½-½": "1/2-1/2", "1/2": "1/2-1/2", "0.5-0.5": "1/2-1/2", "1:0": "1-0", "0:1": "0-1"}
    text = known.get(text, text)
    if text not in RESULTS:
        raise UsageError(f"{name} is one of {', '.join(RESULTS)}.")
    return text


def _eco(name: str, text: str) -> str | None:
    if text == "?":
        return None
    text = text[:1].upper() + text[1:]
    if not _ECO.fullmatch(text):
        raise UsageError(f"{name} is a letter from A to E and two digits, such as B90.")
    return text


_RULES: dict[str, Callable[[str, str], str | None]] = {
    "Date": _date,
    "EventDate": _date,
    "UTCDate": _date,
    "WhiteElo": _elo,
    "BlackElo": _elo,
    "Result": _result,
    "ECO": _eco,
}
