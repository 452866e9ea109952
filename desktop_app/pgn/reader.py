"""One game's bytes -> a GameRecord, or a Problem that says why not. The careful reader: it reads whatever can be read.

Rejected are: a game over 16 MB, a FEN that is no position, moves of which not even the first can be played, and text
without tags, moves or result. A game whose tail is broken keeps its legal prefix and says so (`partial`). Everything
else that was mended is listed in one Problem of kind "repaired" beside the record. docs/pgn-reading.md has the table.

Runs in reading processes; pure, linear in the game's size, no recursion. Called by `services.import_reading`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.domain.game import CUT_SHORT, GameRecord, site_id
from desktop_app.domain.moves import pack_moves
from desktop_app.domain.plain_games import NOT_JUDGED_NO_MOVES
from desktop_app.domain.receipt import Problem, ProblemKind
from desktop_app.pgn.decoding import decode_game
from desktop_app.pgn.fast.counts import count_lines
from desktop_app.pgn.headers import format_tags, read_tags
from desktop_app.pgn.kept_text import lasting
from desktop_app.pgn.movetext import Mainline, read_mainline
from desktop_app.pgn.tokens import Kind, tokenise
from desktop_app.pgn.variants import BadStartError, Start, read_start

if TYPE_CHECKING:
    from desktop_app.pgn.splitter import RawGame

NOT_JUDGED_NULL_MOVE = "a null move in the main line"
RESULTS = ("1-0", "0-1", "1/2-1/2", "*")
_MACHINE_MARKS = ("[%kibitz", "[KibitzAnalysis")
"""How our own exports mark what the machine wrote (`pgn.machine`)."""
_HTML_BREAK = re.compile(r"<br[ \t]*/?>")
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one game: a record, a problem, or both (kept after mending).

    Attributes:
        encoding: the encoding its text was in; "utf-8" unless that failed.
    """

    record: GameRecord | None
    problem: Problem | None
    encoding: str = "utf-8"


def read_game(raw: RawGame, *, source: str = "") -> Reading:
    """Read one game. Never raises on bad input."""
    return _GameReader(raw, source).read()


class _GameReader:
    """Reads one game; holds what every step needs. `again`: it is kept text that is read, as a trial."""

    def __init__(self, raw: RawGame, source: str, *, again: bool = False) -> None:
        self._raw = raw
        self._source = source
        self._again = again
        text, self._encoding = decode_game(raw.data)
        text = text.strip("\n") + "\n"
        if any(mark in text for mark in _MACHINE_MARKS):
            text = _without_machine_layer(text)
        self._repairs: list[str] = []
        if "]<br" in text:
            text = _HTML_BREAK.sub("\n", text)
            self._repairs.append("the text has HTML line breaks")
        self._text = text
        self._section = read_tags(text)
        self._repairs += self._section.repairs

    def read(self) -> Reading:
        """The steps in order; the first that fails rejects the game."""
        if self._raw.too_big:
            return self._rejected(
                f"A single game of {self._raw.size / _MEGABYTE:.0f} MB is more than Kibitz takes (16 MB). "
                "Only its beginning is kept here."
            )
        try:
            start = read_start(dict(self._section.tags))
        except BadStartError as error:
            return self._rejected(f"The FEN tag is no position ({error}). Correct it and import this game again.")
        if start.board is None:
            return self._accepted(self._lasting(self._unread(start), None))
        body = self._text[self._section.end :]
        mainline = read_mainline(body, start.board, line=self._body_line())
        if not mainline.moves and mainline.stopped:
            where = mainline.stopped_at.replace("line", "Line")
            return self._rejected(
                f"{where}: {mainline.stopped}, and it is the first move, so nothing of this game can be kept. "
                "Correct the text and import it again."
            )
        if not (mainline.moves or self._section.tags or mainline.result):
            return self._rejected("There are no tags, moves or result in this text.")
        return self._accepted(self._lasting(self._record(start, mainline, body), mainline))

    def _lasting(self, record: GameRecord, mainline: Mainline | None) -> GameRecord:
        """With a text in which the same game is found again; text that nothing was done to is such a text."""
        if self._again or not (self._repairs or b"\0" in self._raw.data or record.pgn is not self._text):
            return record
        return lasting(
            record,
            mainline,
            self._text[self._section.end :],
            lambda raw: _GameReader(raw, "", again=True).read().record,
        )

    def _record(self, start: Start, mainline: Mainline, body: str) -> GameRecord:
        self._repairs += [*start.repairs, *mainline.repairs]
        kept = len(mainline.moves)
        if mainline.stopped:
            self._repairs.append(f"{mainline.stopped_at}: {mainline.stopped}; the {kept} half-moves before it are kept")
        tags = self._tags_with_result(mainline)
        text = self._text
        if not self._section.plain or mainline.text != body or not self._is_laid_out():
            # Mended text is written so that any other reader finds the same game in it.
            leading = "".join(comment + "\n" for comment in self._section.leading)
            text = f"{format_tags(tags)}\n{leading}{mainline.text}"
            if not mainline.text.strip():
                text = f"{text.rstrip()}\n\n{dict(tags)['Result']}\n"
        return GameRecord(
            headers=tuple(tags),
            variant=start.variant,
            start_fen=start.start_fen,
            moves=pack_moves(mainline.moves),
            ply_count=kept,
            pgn=text,
            partial=_partial(mainline, start, dict(tags)),
            not_judged=start.not_judged or _not_judged(mainline),
        )

    def _unread(self, start: Start) -> GameRecord:
        """A variant whose rules we lack: kept as text, a comment that is never closed being closed."""
        text, tokens = self._text, tokenise(self._text)
        if tokens[-1].kind is Kind.COMMENT and not tokens[-1].text.endswith("}"):
            text = text.rstrip() + " }\n"
            self._repairs.append("the last comment is never closed")
        return GameRecord(
            headers=tuple(self._section.tags),
            variant=start.variant,
            start_fen=start.start_fen,
            moves=b"",
            ply_count=0,
            pgn=text,
            not_judged=start.not_judged,
        )

    def _tags_with_result(self, mainline: Mainline) -> list[tuple[str, str]]:
        """The tags, with the result written after the moves where the tag lacks one, else unfinished."""
        tags = list(self._section.tags)
        tag = dict(tags).get("Result", "").strip()
        written = mainline.result
        known = tag in RESULTS
        if written is None and mainline.moves and not mainline.stopped:
            self._repairs.append(f"no result after the moves; taken as {tag if known else '*'}")
        if known and written not in {None, tag} and tag != "*":
            self._repairs.append(f"the Result tag says {tag}, the moves end with {written}; the tag is kept")
        if known and (tag != "*" or written is None):
            return tags
        value = written or "*"
        if "Result" in dict(tags):
            return [(name, value if name == "Result" else old) for name, old in tags]
        return [*tags, ("Result", value)]

    def _is_laid_out(self) -> bool:
        """Whether each tag has a line of its own and the moves begin soon after, as other readers need it."""
        head = self._text[: self._section.end]
        lines = sum(line.startswith("[") for line in head.splitlines())
        return lines == len(self._section.tags) and (not head or head[-1] == "\n") and not head.endswith("\n\n\n")

    def _body_line(self) -> int:
        """The line of the source on which the movetext begins."""
        head = self._raw.data[: len(self._raw.data) - len(self._raw.data.lstrip())]
        return self._raw.line + count_lines(head) + self._text.count("\n", 0, self._section.end)

    def _accepted(self, record: GameRecord) -> Reading:
        if not self._repairs:
            return Reading(record, None, self._encoding)
        reason = "; ".join(self._repairs)
        return Reading(
            record, self._problem(ProblemKind.REPAIRED, f"{reason[:1].upper()}{reason[1:]}."), self._encoding
        )

    def _rejected(self, reason: str) -> Reading:
        return Reading(None, self._problem(ProblemKind.REJECTED, reason), self._encoding)

    def _problem(self, kind: ProblemKind, reason: str) -> Problem:
        raw = self._raw
        tags = dict(self._section.tags)
        return Problem(self._source, raw.index, raw.line, raw.byte_offset, kind, reason, tags, self._text)


def _partial(mainline: Mainline, start: Start, tags: dict[str, str]) -> str | None:
    """Why and where the moves end too early, None where they do not.

    A text can be cut between two moves, which nothing in it shows; but sites write a result behind every game.
    """
    place = f"ply {len(mainline.moves) + 1}"
    if mainline.stopped:
        return f"{place}: {mainline.stopped}"
    if mainline.result is not None or not mainline.moves or not site_id(tags) or start.board is None:
        return None
    board = start.board.copy(stack=False)
    for move in mainline.moves:
        board.push(move)
    return None if board.is_game_over() else f"{place}: {CUT_SHORT}"


def _not_judged(mainline: Mainline) -> str | None:
    if not mainline.moves:
        return NOT_JUDGED_NO_MOVES
    return None if all(mainline.moves) else NOT_JUDGED_NULL_MOVE


def _without_machine_layer(text: str) -> str:
    """What Kibitz itself once wrote into this game must not come back as the user's."""
    from desktop_app.pgn.writer import strip_machine_layer  # noqa: PLC0415  # needed for our own exports alone

    return strip_machine_layer(text)
