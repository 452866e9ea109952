"""The main line of one game, read from its tokens, with the text mended where it was broken.

Comments, glyphs and variations are passed over here (they stay in the text and are read when the game is opened), so
that 10 000 nested variations cost no more than their length. python-chess decides what is legal. The mended text reads
the same in any other reader: comments and variations closed, odd spellings of moves replaced by their SAN.

Pure, any thread. Called by `pgn.reader`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import chess

from desktop_app.pgn.spelling import RESULT_WORDS, is_number, otherwise, plain, spaced, together, translations
from desktop_app.pgn.tokens import Kind, Token, join, tokenise

MAX_PLIES = 20_000
"""The longest game the 75-move rule allows has 17 697 half-moves."""

_KNOWN_NULL_MOVES = frozenset({"--", "Z0", "0000", "@@@@"})
_NULL_MOVES = _KNOWN_NULL_MOVES | {"null", "pass", "<>"}
_NOISE = frozenset({"e", "p", "ep", "ch", "dbl", "mate", "N", "RR", "D", "(D)", "inf", "zz"})
"""Letters of old programs and books that stand beside moves; they say nothing about which move was played. Glyphs made
of signs alone need no list: a word without a letter or digit is never a move."""
_SPOKEN = re.compile(r"(?![KQRBNP]x[KQRBNP])[^\W\d_]{2,}[.,:;]*\Z")
_FILE_CAPTURE = re.compile(r"[a-h]x?[a-h]\Z")
_MOVE_LIKE = re.compile(r"[KQRBN]?[a-h]?[1-8]?[x-]?[a-h][1-8]|[O0]-[O0]")
_MOST_STRANGE = 2000
"""Words that are no moves, after which the rest is not taken for a game any more."""
_LISTED = 3
_ABSORBED_TOKENS = 400
"""How far a comment may go on behind a brace in it: far enough for people, and keeps reading linear."""


@dataclass(slots=True)
class Mainline:
    """What the movetext says.

    Attributes:
        moves: the legal main line.
        result: as written after it, normalised; None where none is written.
        stopped: why reading stopped before the end ('illegal move "Qxh9"'), empty where it did not.
        stopped_at: the line of the source where it stopped ("line 12").
        text: the movetext, mended where needed, else exactly as it was.
        read_text, unread_text: its parts up to the result or the fault, and behind.
        repairs: what was mended.
    """

    moves: list[chess.Move] = field(default_factory=list)
    result: str | None = None
    stopped: str = ""
    stopped_at: str = ""
    text: str = ""
    read_text: str = ""
    unread_text: str = ""
    repairs: list[str] = field(default_factory=list)


def read_mainline(text: str, board: chess.Board, *, line: int = 1) -> Mainline:
    """Read the movetext of a game that starts at `board` (not changed). `line` is the source line it begins on.

    Never raises on bad text. Pieces named in another language are read where the whole game is legal that way, and no
    two languages disagree about its moves.
    """
    found = _Reader(text, board.copy(stack=False), line=line).read()
    return (found.stopped and _translated(text, board, line)) or found


def _translated(text: str, board: chess.Board, line: int) -> Mainline | None:
    readings = [
        (language, reading)
        for language, translated in translations(text)
        if not (reading := _Reader(translated, board.copy(stack=False), line=line).read()).stopped
    ]
    if not readings or any(reading.moves != readings[0][1].moves for _, reading in readings):
        return None
    language, reading = readings[0]
    reading.repairs.insert(0, f"the pieces have their {language} letters; written as English ones")
    return reading


class _Reader:
    """One pass over the tokens; replaces single tokens in place where it mends."""

    def __init__(self, text: str, board: chess.Board, *, line: int) -> None:
        self._text = text
        self._board = board
        self._line = line
        self._tokens = tokenise(text)
        self._mended = False
        self._depth = 0
        self._comment_at: int | None = None  # the comment just before this place, if there is one
        self._doubled = False
        self._unmatched = 0
        self._strange = 0
        self._odd: list[str] = []
        self._skipped: list[str] = []
        self._number_seen = board.fen() != chess.STARTING_FEN
        self._out = Mainline()

    def read(self) -> Mainline:
        """Read to the result, the first unreadable move or the end."""
        self._close_comment()
        index = 0
        while index < len(self._tokens):
            token = self._tokens[index]
            if self._out.result is not None or self._out.stopped:
                break
            if token.kind is Kind.OPEN:
                self._open_variation(index)
            elif token.kind is Kind.CLOSE:
                self._close_variation(index)
            elif self._depth == 0:
                self._main_token(index, token)
            index += 1
        self._tail(index)
        return self._finish(index - 1 if self._out.stopped else index)

    def _main_token(self, index: int, token: Token) -> None:
        if token.kind is Kind.COMMENT:
            self._comment_at = index
        elif token.kind is Kind.WORD:
            self._word(index, token.text)
            self._comment_at = None
        elif token.kind is Kind.RESULT:
            self._out.result = RESULT_WORDS.get(token.text, token.text)
        elif token.kind is Kind.NUMBER:
            if not self._spaced(index) and not self._number_seen:
                self._first_number(token.text)
        elif token.kind is Kind.HEADER:
            self._replace(index, "")
            self._skipped.append(token.text)

    # -- words

    def _word(self, index: int, word: str) -> None:
        if self._spaced(index):
            return
        if word in RESULT_WORDS:
            self._out.result = RESULT_WORDS[word]
            self._replace(index, self._out.result)
            return
        if self._play(index, word, word) or self._spelt_otherwise(index, word):
            return
        if is_number(word):
            self._replace(index, "".join(filter(str.isdigit, word)) + ".")
        elif word not in _NOISE and _telling(word):
            self._no_move(index, word)

    def _spelt_otherwise(self, index: int, word: str) -> bool:
        """Whether some other spelling of the word is a legal move, or several; they are played then."""
        spelt, result = plain(word)
        for text in (spelt, *otherwise(spelt)):
            if text and text != word and self._play(index, text, word, result):
                self._out.result = result
                return True
        return self._play_together(index, spelt)

    def _no_move(self, index: int, word: str) -> None:
        """A word that says something, but no move: leave it out, or stop where it could have been one."""
        self._strange += 1
        if self._strange > _MOST_STRANGE:
            self._stop(index, "too much text that is no moves")
        elif word.startswith("}"):
            self._skipped.append("}")
            self._replace(index, "")
        elif self._absorb(index):
            return
        elif _SPOKEN.match(word) and not _FILE_CAPTURE.match(word):
            self._skipped.append(word)
            self._replace(index, "")
        else:
            self._stop(index, self._why_not(plain(word)[0] or word, word))

    def _play(self, index: int, move_text: str, word: str, result: str | None = None) -> bool:
        """Try to play it; where it was spelt otherwise in the text, put the plain spelling there."""
        move = self._parse(move_text)
        if move is None:
            return False
        if len(self._out.moves) >= MAX_PLIES:
            self._stop(index, f"more than {MAX_PLIES} half-moves")
            return True
        if move_text != word or (not move and word not in _KNOWN_NULL_MOVES):
            san = self._board.san(move) if move else "--"
            if result is None or san != move_text:
                self._odd.append(f'"{word}" read as {san}')
            self._replace(index, f"{san} {result}" if result else san)
        self._out.moves.append(move)
        self._board.push(move)
        return True

    def _parse(self, text: str) -> chess.Move | None:
        if text in _NULL_MOVES:
            return chess.Move.null()
        try:
            return self._board.parse_san(text)
        except (ValueError, IndexError, AssertionError, KeyError):
            return None

    def _spaced(self, index: int) -> bool:
        """A result, castling or promotion with blanks in it."""
        found, last = spaced(self._tokens, index)
        if last == index:
            return False
        if found in RESULT_WORDS:
            self._out.result = RESULT_WORDS[found]
        elif not self._play(index, found, join(self._tokens[index : last + 1])):
            return False
        for place in range(index, last + 1):
            self._replace(place, "")
        self._replace(index, found)
        return True

    def _play_together(self, index: int, word: str) -> bool:
        """Moves written without a blank between them, if all of them are legal one after another."""
        moves = [text.rstrip("!?") for text in together(word)]
        played = 0
        for text in moves:
            move = self._parse(text)
            if not move:
                break
            self._board.push(move)
            played += 1
        for _ in range(played):
            self._board.pop()
        if not moves or played < len(moves) or len(self._out.moves) + played > MAX_PLIES:
            return False
        for text in moves:
            self._play(index, text, text)
        self._replace(index, " ".join(moves))
        self._odd.append(f'"{_short(word)}" read as {_short(" ".join(moves))}')
        return True

    def _why_not(self, spelt: str, word: str) -> str:
        try:
            self._board.parse_san(spelt)
        except chess.AmbiguousMoveError:
            return f'ambiguous move "{_short(word)}"'
        except chess.IllegalMoveError:
            return f'illegal move "{_short(word)}"'
        except (ValueError, IndexError, AssertionError, KeyError):
            pass
        return f'unreadable move "{_short(word)}"'

    def _absorb(self, index: int) -> bool:
        """Text up to a `}` that no `{` opened belongs to the comment before it, unless it holds moves or a result.

        This is also what reads a brace that a backslash escapes inside a comment, as some programs write it.
        """
        start = self._comment_at
        end = None if start is None else self._end_of_comment(index)
        if start is None or end is None:
            return False
        inside = join(self._tokens[start : end + 1]).rstrip()
        last = inside.rfind("}")
        mended = "{" + inside[1:last].replace("\\}", ")").replace("}", ")").replace("{", "(") + "}" + inside[last + 1 :]
        for place in range(start, end + 1):
            self._replace(place, "")
        self._tokens[start] = Token(Kind.COMMENT, mended)
        self._out.repairs.append("a comment with a brace in it was put together again")
        return True

    def _end_of_comment(self, index: int) -> int | None:
        """The token that holds the `}` of a comment going on at `index`; None where it does not go on.

        With several `{` in the comment it is the one that closes the first, or the last before the moves go on.
        """
        opened = self._tokens[self._comment_at].text.count("{") - 1 if self._comment_at is not None else 1
        found = None
        for place in range(index, min(index + _ABSORBED_TOKENS, len(self._tokens))):
            token = self._tokens[place]
            if token.kind in (Kind.COMMENT, Kind.RESULT) or _moves_like(token):
                break
            if token.kind is Kind.WORD and "}" in token.text:
                found = place
                opened -= token.text.count("}")
                if opened <= 0:
                    break
        return found

    # -- structure

    def _close_comment(self) -> None:
        """Close a comment that runs to the end of the game."""
        if self._tokens and self._tokens[-1].kind is Kind.COMMENT and not self._tokens[-1].text.endswith("}"):
            self._tokens[-1] = Token(Kind.COMMENT, self._tokens[-1].text.rstrip() + "}\n")
            self._mended = True
            where = self._where(len(self._tokens) - 1)
            self._out.repairs.append(f"{where}: the comment is never closed; all that follows is kept as the comment")

    def _open_variation(self, index: int) -> None:
        self._depth += 1
        self._comment_at = None
        before = index - 1
        while before >= 0 and self._tokens[before].kind is Kind.SPACE:
            before -= 1
        if before >= 0 and self._tokens[before].kind is Kind.OPEN and not self._doubled:
            self._doubled = True
            self._out.repairs.append(f"{self._where(index)}: a variation begins before the one around it has a move")

    def _close_variation(self, index: int) -> None:
        if self._depth:
            self._depth -= 1
            return
        self._replace(index, "")
        self._unmatched += 1
        if self._unmatched == 1:
            self._out.repairs.append(f"{self._where(index)}: a ) that closes no variation was left out")

    def _first_number(self, text: str) -> None:
        self._number_seen = True
        digits = re.match(r"\d+", text)
        if digits and int(digits.group()[:9]) > 1:
            self._out.repairs.append(f"the first move is numbered {digits.group()[:9]}; read from the start position")

    def _tail(self, index: int) -> None:
        """What follows the result: comments stay; moves there are not part of the game."""
        if self._out.stopped or self._out.result is None:
            return
        extra = [token.text for token in self._tokens[index:] if token.kind is Kind.WORD and _telling(token.text)]
        if extra:
            self._out.repairs.append(f'text after the result is not read: "{_short(" ".join(extra))}"')

    def _finish(self, end: int) -> Mainline:
        """Put everything together; tokens from `end` on were not read."""
        out = self._out
        if self._depth:
            out.repairs.append("a variation is never closed; all that follows it is kept as part of it")
            self._close_open_variations()
        if self._odd:
            out.repairs.append("unusual spelling: " + _listed(self._odd))
        if self._skipped:
            out.repairs.append("left out, being no moves: " + _listed([f'"{_short(word)}"' for word in self._skipped]))
        if self._depth:
            end = len(self._tokens)
        out.read_text, out.unread_text = join(self._tokens[:end]), join(self._tokens[end:])
        out.text = out.read_text + out.unread_text if self._mended else self._text
        return out

    def _close_open_variations(self) -> None:
        """Close what is open; a result at the very end is the game's, wherever it stands."""
        places = [index for index, token in enumerate(self._tokens) if token.kind is not Kind.SPACE]
        last = self._tokens[places[-1]]
        if last.kind is Kind.RESULT:
            self._out.result = RESULT_WORDS.get(last.text, last.text)
            self._replace(places[-1], ")" * self._depth + " " + last.text)
        else:
            self._tokens.append(Token(Kind.CLOSE, ")" * self._depth + "\n"))
            self._mended = True

    # -- small things

    def _replace(self, index: int, text: str) -> None:
        self._tokens[index] = Token(self._tokens[index].kind, text)
        self._mended = True

    def _stop(self, index: int, why: str) -> None:
        self._out.stopped = why
        self._out.stopped_at = self._where(index)

    def _where(self, index: int) -> str:
        return f"line {self._line + sum(token.text.count(chr(10)) for token in self._tokens[:index])}"


def _telling(word: str) -> bool:
    """Whether a word says anything at all: letters or digits."""
    return any(character.isalnum() for character in word) or word.startswith("}")


def _moves_like(token: Token) -> bool:
    return token.kind is Kind.WORD and bool(_MOVE_LIKE.match(token.text))


def _listed(items: list[str]) -> str:
    more = f" and {len(items) - _LISTED} more" if len(items) > _LISTED else ""
    return ", ".join(items[:_LISTED]) + more


def _short(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[:limit] + "…"
