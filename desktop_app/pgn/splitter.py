"""Bytes of a PGN source -> its games and the stray text between them, every byte in exactly one of them.

Works line by line as data arrives, with memory for one game, and knows just enough of PGN to see where a game ends:
comments, variations, results and tag pairs. Nothing is judged here; `pgn.reader` reads each game alone, so that a
broken one never spoils its neighbours. Called by `pgn.blocks`; any thread. What starts a game:

- a tag pair at the start of a line, once the game before it has moves or a result (a missing result or blank line
  between games is no obstacle), or where it repeats a tag after a blank line;
- `[Event "` at the start of a line after anything but a tag, always: this is what ends a comment that was never closed;
- moves after a result (games without tags).

Comments, `;` and `%` lines between games belong to the game before them, at the start of a source to the one after.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from desktop_app.pgn.fast.counts import count_nonblank

MAX_GAME_BYTES = 16 * 1024 * 1024
"""A single game beyond this is rejected (product.md section 7)."""

_HEAD_BYTES = 64 * 1024
"""What is kept of a game that is too big, to show which one it was."""

_BLANKS = b" \t\r\n\v\f\0"
"""White space, and the zero bytes a crash leaves at the end of a file."""
# Tag names may be odd, and a page copied from the web has <br> where its lines ended.
_BOM = rb"(?:\xef\xbb\xbf)?"
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_TAG_START = re.compile(
    _BOM + rb'[ \t]*(?:\[[ \t]*([A-Za-z0-9_?]+)[ \t]+"|([A-Z]\w*)[ \t]+"[^"\r\n]*"[ \t]*\][ \t]*[\r\n]*\Z)'
)
_TAG = re.compile(
    _BOM + rb'[ \t]*\[[ \t]*[A-Za-z0-9_?]+[ \t]+"(?:[^"\\\r\n]|\\.|"(?![ \t]*\]))*"[ \t]*\](?:<br[ \t]*/?>)*'
)
_BLANK_REST = re.compile(rb"[ \t\r\n\v\f\0]*\Z")
_ROSTER_LINE = re.compile(rb'\[(Site|Date|Round|White|Black|Result|FEN) "[^\r\n]*"\][ \t]*[\r\n]*\Z')
_MARK = re.compile(
    rb'[{};()]|\[(?=[A-Z]\w*[ \t]+"[^"\r\n]*"[ \t]*\])'
    rb"|\*(?![\w@])|(?<![\w/.:-])(?:1-0|0-1|1/2(?:-1/2)?)(?=[\s{;()$\[]|\Z)"
)
_MOVES_START = re.compile(
    rb"(?:(\d+)[ \t]*\.[. \t]*|\d+[ \t]+)?"
    rb"(?:[KQRBN]?[a-h]?[1-8]?[x-]?[a-h][1-8](?:=?[QRBNqrbn])?|[Oo0]-[Oo0](?:-[Oo0])?|--)[+#!?]*(?=[\s{;()$*]|\Z)"
)


@dataclass(frozen=True, slots=True)
class RawGame:
    """The bytes of one game.

    Attributes:
        index: number of the game among those of this splitter, from 0.
        line: line it begins on, from 1.
        byte_offset: where it begins.
        data: its bytes; only the first 64 KB of a game that is too big.
        size: its real length in bytes.
        nonblank: bytes of it that are not blank.
    """

    index: int
    line: int
    byte_offset: int
    data: bytes
    size: int
    nonblank: int

    @property
    def too_big(self) -> bool:
        """Whether it is beyond what one game may hold."""
        return self.size > MAX_GAME_BYTES


@dataclass(frozen=True, slots=True)
class StrayText:
    """Text that belongs to no game; attributes as in `RawGame`."""

    line: int
    byte_offset: int
    data: bytes
    size: int
    nonblank: int


class _Phase(Enum):
    """What the open piece is, and how far it got."""

    LEADING = auto()  # nothing but blanks, comments and escape lines so far
    STRAY = auto()
    TAGS = auto()
    MOVES = auto()
    FINISHED = auto()  # its result was seen


class Splitter:
    """Feed it bytes in order, take pieces out in order; `finish` gives the last."""

    def __init__(self, *, byte_offset: int = 0, line: int = 1) -> None:
        self._carry = b""
        self._at = byte_offset
        self._line = line
        self._games = 0
        self._done: list[RawGame | StrayText] = []
        self._fresh = True  # the next bytes start a line
        self._in_comment = False
        self._depth = 0
        self._after_blank = True
        self._after_tag = False
        self._tags: set[bytes] = set()
        self._open(_Phase.LEADING)

    def feed(self, data: bytes) -> list[RawGame | StrayText]:
        """Take in the next bytes; return the pieces that are complete."""
        data = self._carry + data
        position = 0
        for match in _LINE.finditer(data):
            end = match.end()
            whole = end < len(data) or (end > position and data[end - 1 : end] == b"\n")
            if not whole and len(data) - position < MAX_GAME_BYTES:
                break
            self._take(match.group())
            position = end
        self._carry = data[position:]
        return self._drain()

    def finish(self) -> list[RawGame | StrayText]:
        """The source ends here; return the remaining pieces."""
        for match in _LINE.finditer(self._carry):
            self._take(match.group())
        self._carry = b""
        self._close()
        self._open(_Phase.LEADING)
        return self._drain()

    def _drain(self) -> list[RawGame | StrayText]:
        done, self._done = self._done, []
        return done

    # -- the piece being collected

    def _open(self, phase: _Phase) -> None:
        self._phase = phase
        self._parts: list[bytes] = []
        self._size = 0
        self._dropped_nonblank = 0
        self._piece_at, self._piece_line = self._at, self._line
        self._in_comment = False
        self._depth = 0
        self._tags = set()

    def _close(self) -> None:
        if not self._size:
            return
        data = b"".join(self._parts)
        nonblank = count_nonblank(data) + self._dropped_nonblank
        if self._phase in (_Phase.LEADING, _Phase.STRAY):
            if nonblank:
                self._done.append(StrayText(self._piece_line, self._piece_at, data, self._size, nonblank))
            return
        self._done.append(RawGame(self._games, self._piece_line, self._piece_at, data, self._size, nonblank))
        self._games += 1

    def _start(self, phase: _Phase) -> None:
        """A new piece begins here. What only led up to it (comments at the start of a source) becomes part of it."""
        if self._phase is _Phase.LEADING:
            self._phase = phase
            return
        self._close()
        self._open(phase)

    def _append(self, data: bytes) -> None:
        if not data:
            return
        self._size += len(data)
        self._at += len(data)
        if self._size <= MAX_GAME_BYTES:
            self._parts.append(data)
            return
        if len(self._parts) > 1 or len(self._parts[0] if self._parts else b"") > _HEAD_BYTES:
            head = b"".join(self._parts)
            self._parts = [head[:_HEAD_BYTES]]
            self._dropped_nonblank += count_nonblank(head[_HEAD_BYTES:])
        self._dropped_nonblank += count_nonblank(data)

    # -- lines

    def _take(self, line: bytes) -> None:
        """One line, its break included."""
        if not line:
            return
        fresh, self._fresh = self._fresh, line[-1:] in (b"\n", b"\r")
        blank = not line.strip(_BLANKS)
        tag = self._tag_at(line) if fresh and not blank else None
        if self._in_comment and not (tag and self._ends_comment(line, tag)):
            self._comment_line(line)
        elif blank:
            self._append(line)
        elif tag:
            self._text(line, self._tag_line(line, 0, tag), fresh=False)
        elif fresh and line[:1] == b"%":
            self._append(line)
        elif fresh and self._phase is _Phase.TAGS and self._belongs_to_tags(line):
            self._append(line)  # wants to be a tag pair; the reader says what is wrong with it
        else:
            self._text(line, 0, fresh=fresh)
        if self._fresh:
            self._line += 1
        self._after_blank = blank
        self._after_tag = fresh and line[:1] == b"["

    def _belongs_to_tags(self, line: bytes) -> bool:
        """A malformed tag, or the second line of a value that was broken in two."""
        return line[:1] == b"[" or (self._after_tag and line.rstrip(_BLANKS).endswith(b'"]'))

    def _tag_at(self, line: bytes) -> re.Match[bytes] | None:
        """A tag pair at the start of this line, one that lost its opening bracket included where a game may begin."""
        tag = _TAG_START.match(line)
        if tag and not tag.group(1) and not (self._after_blank and self._phase not in (_Phase.MOVES, _Phase.TAGS)):
            return None
        return tag

    def _ends_comment(self, line: bytes, tag: re.Match[bytes]) -> bool:
        """Whether a tag pair met inside a comment proves that the comment was never closed."""
        return tag.group(1) == b"Event" or bool(self._after_blank and _ROSTER_LINE.match(line))

    def _comment_line(self, line: bytes) -> None:
        close = line.find(b"}")
        if close < 0:
            self._append(line)
            return
        self._in_comment = False
        self._append(line[: close + 1])
        self._text(line, close + 1, fresh=False)

    def _text(self, line: bytes, position: int, *, fresh: bool) -> None:
        """The rest of a line: moves, and tags that stand among them, in turn."""
        while position < len(line):
            position = self._movetext(line, position, fresh=fresh)
            fresh = False
            if tag := _TAG_START.match(line, position):
                position = self._tag_line(line, position, tag)

    def _tag_line(self, line: bytes, position: int, tag: re.Match[bytes]) -> int:
        """Take the tags that begin at `position`; return where moves begin on this line, its end if none do."""
        name = tag.group(1) or tag.group(2)
        if self._in_comment or self._phase is not _Phase.TAGS or self._restarts(name):
            self._start(_Phase.TAGS)
        self._tags.add(name)
        end = position
        while match := _TAG.match(line, end):
            end = match.end()
        if end == position or _BLANK_REST.match(line, end):
            end = len(line)
        else:
            self._phase = _Phase.MOVES
        self._append(line[position:end])
        return end

    def _restarts(self, name: bytes) -> bool:
        """Whether a tag pair after tag pairs belongs to the next game: the one before had tags alone."""
        if name == b"Event" and not self._after_tag:
            return True
        return self._after_blank and name in self._tags

    # -- movetext

    def _movetext(self, line: bytes, position: int, *, fresh: bool) -> int:
        """Scan from `position`, everything before it being appended already, to a tag or the end of the line.

        Appends what it passes and returns where it stopped.
        """
        start = position
        if self._phase is _Phase.TAGS:
            self._phase = _Phase.MOVES
        while True:
            if self._phase is not _Phase.MOVES:
                start, position = self._between(line, start, position, fresh=fresh)
            fresh = False
            mark = _MARK.search(line, position)
            if mark is None or mark.group() == b";":
                break
            position = mark.end()
            if mark.group() == b"{":
                position = line.find(b"}", position) + 1
                if position == 0:
                    self._in_comment = True
                    break
            elif mark.group() == b"[":
                self._append(line[start : mark.start()])
                return mark.start()
            else:
                self._mark(mark.group())
        self._append(line[start:])
        return len(line)

    def _mark(self, mark: bytes) -> None:
        if mark == b"(":
            self._depth += 1
        elif mark == b")":
            self._depth = max(0, self._depth - 1)
        elif mark != b"}" and self._depth == 0 and self._phase is _Phase.MOVES:
            self._phase = _Phase.FINISHED

    def _starts_moves(self, line: bytes, position: int, *, fresh: bool) -> bool:
        """Whether a game without tags begins here. After a result it must begin at move 1, or go unnumbered."""
        match = _MOVES_START.match(line, position)
        if match is None or (self._phase is _Phase.STRAY and not fresh):
            return False
        return self._phase is not _Phase.FINISHED or match.group(1) in (None, b"1")

    def _between(self, line: bytes, start: int, position: int, *, fresh: bool) -> tuple[int, int]:
        """No unfinished game is open: see whether one begins here, or stray text does."""
        while position < len(line) and line[position] in _BLANKS:
            position += 1
        rest = line[position : position + 1]
        if rest in (b"", b"{", b";", b"["):
            return start, position
        if self._starts_moves(line, position, fresh=fresh):
            self._append(line[start:position])
            self._start(_Phase.MOVES)
            return position, position
        if self._phase is _Phase.LEADING:
            self._phase = _Phase.STRAY
        elif self._phase is _Phase.FINISHED and _MOVES_START.match(line, position):
            pass  # moves that go on after a result: the reader says that they are not read
        elif self._phase is _Phase.FINISHED and fresh:
            self._start(_Phase.STRAY)
        return start, position
