"""The movetext of a plainly laid out game: its main line, its result, and where the next game begins, in one pass.

`Scanner.read` answers only where `pgn.splitter` and the careful reader could answer nothing else, and -1 for all the
rest: odd spellings, `;` and `%` lines, null moves, anything after the result, anything not closed, illegal moves.
Variations and comments are passed over as the careful reader does. Bytes, not text: outside comments everything must be
ASCII, and inside them it cannot matter. Types in `scan.pxd`. One thread at a time. Called by `blocks`.
"""

from __future__ import annotations

from desktop_app.pgn.fast.board import Board

MOST_PLIES = 1000
"""Longer games are for the careful reader."""
BOOK_PLIES = 40
"""Positions whose keys are noted: as many as `analysis.openings` looks at."""

_KINDS = {"N": 1, "B": 2, "R": 3, "Q": 4, "K": 5}
BLANK, COMMENT, DIGIT, MARK, DOT, NAG, OPEN, STAR, CASTLE, PIECE, PAWN = range(1, 12)


def _sorts() -> list[int]:
    """What each byte begins, outside comments; 0 for what is not read here (the closing NUL of the text too)."""
    sorts = [0] * 256
    groups = {" \t\r\n": BLANK, "{": COMMENT, "0123456789": DIGIT, "!?": MARK, ".": DOT, "$": NAG, "(": OPEN}
    groups |= {"*": STAR, "O": CASTLE, "NBRQK": PIECE, "abcdefgh": PAWN}
    for characters, sort in groups.items():
        for character in characters:
            sorts[ord(character)] = sort
    return sorts


def _kinds() -> list[int]:
    kinds = [-1] * 256
    for character, kind in _KINDS.items():
        kinds[ord(character)] = kind
    return kinds


SORTS = _sorts()
PIECES = _kinds()
# What a comment may hold without a second look.
ORDINARY = [int(code >= 32 and chr(code) not in "[]}") for code in range(256)]


class Scanner:
    """Reads one game after the other; what the last one held stands in its attributes.

    Attributes:
        plies: half-moves of the main line.
        result: 1 White won, 2 Black won, 3 draw, 4 unfinished (`*`).
    """

    def __init__(self) -> None:
        self.plies = 0
        self.result = 0
        self._board = Board()
        self._packed = bytearray(2000)
        self._keys = [0] * 40
        self._numbered = 0

    def read(self, data: bytes, start: int, end: int) -> int:
        """Read movetext from `start`; returns where the text after this game begins, or -1.

        `data[end]` must exist and be NUL; a game ends there or before `[Event "` at the start of a line.
        """
        self.plies = 0
        self.result = 0
        self._numbered = 0
        self._board.reset()
        place = start
        while self.result == 0:
            place = self._token(data, place)
            if place < 0:
                return -1
        return self._after(data, place, end)

    def moves(self) -> bytes:
        """The main line, packed as `domain.moves` says."""
        return bytes(self._packed[: 2 * self.plies])

    def noted(self) -> int:
        """After how many plies, at most, `key_after` knows the position."""
        return min(self.plies, BOOK_PLIES)

    def key_after(self, ply: int) -> int:
        """The Polyglot key after so many plies, from 1 on."""
        return self._keys[ply - 1]

    def _token(self, data: bytes, place: int) -> int:
        """Read one token; returns where the next begins, or -1."""
        sort = SORTS[data[place]]
        if sort >= CASTLE:
            return self._move(data, place, sort)
        if sort == COMMENT:
            return _comment(data, place + 1)
        if sort == DIGIT:
            return self._number(data, place)
        if sort == BLANK:
            return place + 1 if data[place] != 13 or data[place + 1] == 10 else -1
        return self._sign(data, place, sort)

    def _sign(self, data: bytes, place: int, sort: int) -> int:
        """Glyphs, variations, the sign of an unfinished game; -1 for what has no meaning here."""
        if sort == MARK or (sort == DOT and self._numbered):
            return place + 1
        if sort == NAG:
            return _digits(data, place + 1)
        if sort == OPEN:
            return _variation(data, place)
        return self._ends(data, place, place + 1, 4) if sort == STAR else -1

    def _number(self, data: bytes, place: int) -> int:
        """A move number or a result."""
        first = data[place]
        after = data[place + 1]
        if first <= 49 and after == 45:  # 0-, 1-
            if data[place + 2] == 97 - first:  # 1-0, 0-1
                return self._ends(data, place, place + 3, 1 if first == 49 else 2)
            return -1
        if first == 49 and after == 47:
            return self._draw(data, place)
        end = _digits(data, place)
        if not self._numbered:
            if first != 49 or end != place + 1:
                return -1  # the first number is not 1
            self._numbered = 1
        if data[end] == 46:
            while data[end] == 46:
                end += 1
            return end
        return end if SORTS[data[end]] == BLANK else -1

    def _draw(self, data: bytes, place: int) -> int:
        """1/2-1/2."""
        for index in range(7):
            if data[place + index] != DRAW[index]:
                return -1
        return self._ends(data, place, place + 7, 3)

    def _ends(self, data: bytes, start: int, end: int, result: int) -> int:
        """Note the result written there, if it stands alone."""
        before = data[start - 1]
        if (SORTS[before] == BLANK or before in (125, 41)) and (SORTS[data[end]] == BLANK or data[end] == 0):
            self.result = result
            return end
        return -1

    def _after(self, data: bytes, place: int, end: int) -> int:
        """Only blanks may follow the result: up to the end, or to the next game's first tag."""
        while SORTS[data[place]] == BLANK:
            if data[place] == 13 and data[place + 1] != 10:
                return -1
            place += 1
        if place == end:
            return place
        if data[place - 1] != 10:
            return -1
        for index in range(8):
            if data[place + index] != EVENT[index]:
                return -1
        return place

    def _move(self, data: bytes, place: int, sort: int) -> int:
        """A move in SAN; returns where it ends, or -1."""
        if self.plies >= MOST_PLIES:
            return -1
        if sort == CASTLE:
            place = self._castling(data, place)
        elif sort == PIECE:
            place = self._piece_move(data, place)
        else:
            place = self._pawn_move(data, place)
        if place < 0:
            return -1
        if data[place] in (43, 35):  # + #
            place += 1
        following = SORTS[data[place]]
        if following in (BLANK, COMMENT, MARK, NAG):
            return place
        return -1

    def _note(self, packed: int) -> int:
        """Note a move that was played; -1 where it was none."""
        if packed == 0:
            return -1
        self._packed[2 * self.plies] = packed & 255
        self._packed[2 * self.plies + 1] = packed >> 8
        if self.plies < BOOK_PLIES:
            self._keys[self.plies] = self._board.key
        self.plies += 1
        return 0

    def _castling(self, data: bytes, place: int) -> int:
        if data[place + 1] != 45 or data[place + 2] != 79:
            return -1
        if data[place + 3] != 45:
            return place + 3 if self._note(self._board.castle(1)) == 0 else -1
        if data[place + 4] != 79:
            return -1
        return place + 5 if self._note(self._board.castle(0)) == 0 else -1

    def _piece_move(self, data: bytes, place: int) -> int:
        kind = PIECES[data[place]]
        start = place + 1
        end = start
        while 97 <= data[end] <= 104 or 49 <= data[end] <= 56 or data[end] == 120:
            end += 1
        to_square = _square(data, end - 2) if end - start >= 2 else -1
        if to_square < 0:
            return -1
        stop = end - 2
        if stop > start and data[stop - 1] == 120:
            stop -= 1
        from_file = -1
        from_rank = -1
        if start < stop and data[start] >= 97:
            from_file = data[start] - 97
            start += 1
        if start < stop and data[start] <= 56:
            from_rank = data[start] - 49
            start += 1
        if start != stop or from_file > 7:
            return -1
        return end if self._note(self._board.piece_move(kind, from_file, from_rank, to_square)) == 0 else -1

    def _pawn_move(self, data: bytes, place: int) -> int:
        from_file = -1
        start = place
        if data[place + 1] == 120:
            from_file = data[place] - 97
            start = place + 2
        to_square = _square(data, start)
        if to_square < 0:
            return -1
        end = start + 2
        promotion = 0
        if data[end] == 61:
            promotion = PIECES[data[end + 1]]
            if promotion < 1 or promotion > 4:
                return -1
            end += 2
        if from_file < 0:
            return end if self._note(self._board.push(to_square, promotion)) == 0 else -1
        return end if self._note(self._board.pawn_takes(from_file, to_square, promotion)) == 0 else -1


DRAW = list(b"1/2-1/2")
EVENT = list(b'[Event "')


def _square(data: bytes, place: int) -> int:
    """The square named there, or -1."""
    file = data[place] - 97
    rank = data[place + 1] - 49
    return 8 * rank + file if 0 <= file < 8 and 0 <= rank < 8 else -1


def _digits(data: bytes, place: int) -> int:
    """Where the digits that begin here end; -1 where there are none or absurdly many."""
    end = place
    while 48 <= data[end] <= 57:
        end += 1
    return end if 0 < end - place < 7 else -1


def _comment(data: bytes, place: int) -> int:
    """Pass over a comment; -1 where it is not closed, or holds a line that the splitter could take for a tag."""
    while True:
        while ORDINARY[data[place]]:
            place += 1
        character = data[place]
        if character == 125:
            return place + 1
        if character < 32:
            place = _line_start(data, place)
            if place < 0:
                return -1
        elif character == 91 and data[place + 1] == 37 and data[place + 2] == 107:
            return -1  # [%k: perhaps what Kibitz wrote itself
        elif character == 93 and data[place + 1] == 60:
            return -1  # ]<: perhaps HTML
        else:
            place += 1


def _line_start(data: bytes, place: int) -> int:
    """Pass over a line break or tab inside a comment; -1 for other control characters and for what may be a tag."""
    character = data[place]
    if character == 9:
        return place + 1
    if character == 13 and data[place + 1] == 10:
        place += 1
    elif character != 10:
        return -1
    place += 1
    while data[place] in (32, 9):
        place += 1
    return -1 if data[place] == 91 and data[place + 1] != 37 else place  # [ not followed by %


def _variation(data: bytes, place: int) -> int:
    """Pass over a variation and those inside it; -1 where it is not closed or looks odd."""
    depth = 0
    opened = 0
    while True:
        character = data[place]
        if SORTS[character] == BLANK:
            place = place + 1 if character != 13 or data[place + 1] == 10 else -1
        elif character == 123:
            opened = 0
            place = _comment(data, place + 1)
        else:
            depth += (character == 40) - (character == 41)
            place = -1 if _odd(character) or (opened and character == 40) else place + 1
            opened = character == 40
        if place < 0 or depth == 0:
            return place


def _odd(character: int) -> int:
    """Whether a character in a variation is left to the careful reader: `%` `;` `[` `]` `}`, controls, not ASCII."""
    return 1 if character in (37, 59, 91, 93, 125) or character < 32 or character > 126 else 0
