"""Finding and taking out what Kibitz wrote into a PGN text: the other half of `pgn.writer`, on tokens.

Pure, linear, any thread. Called by `pgn.writer` alone. Recognises the marks whatever another program did to the layout
around them (merged our comment with the human's, wrote `??` for `$4`, wrapped lines anew); what a human added to a line
of ours makes that line the human's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from desktop_app.pgn.tokens import Kind, Token
from desktop_app.pgn.tree import GLYPH_NAGS, looks_like_move

HEADER_NAME = "KibitzAnalysis"
"""The tag that names engine and rules; ours alone."""

MARK = "[%kibitz"

_SCORE_REGEX = re.compile(r"(?P<score>\[%eval[^\]]*\])?(?P<gap>\s*)\[%kibitz\s+eval(?P<words>[^\]]*)\]")
_WAS_REGEX = re.compile(r"\[%kibitz\s+was(?=[\s\]])")
_LINE_REGEX = re.compile(r"\[%kibitz\s+line\s+(\d{1,3})\s*\]")
_ANY_REGEX = re.compile(r"[ \t]?\[%kibitz[^\]]*\]")
_HEADER_REGEX = re.compile(rf"\[\s*{HEADER_NAME}\s")
_DELIMITERS = frozenset({Kind.SPACE, Kind.COMMENT, Kind.OPEN, Kind.CLOSE, Kind.LINE_COMMENT, Kind.HEADER})


@dataclass(frozen=True, slots=True)
class Stripped:
    """A text without the machine's layer.

    Attributes:
        scores: our `[%eval …]` commands that were taken out, by number of the move-like word outside variations
            they followed (0 = before the first).
    """

    tokens: list[Token]
    scores: dict[int, str]


@dataclass(slots=True)
class _Frame:
    """One open line of play: the main line, or a variation."""

    opened_at: int
    nags: list[int] = field(default_factory=list)
    number_added: bool = False
    moves: int = 0
    machine_moves: int | None = None
    human: bool = False


def strip_tokens(tokens: list[Token], *, keep_scores: bool) -> Stripped:
    """See `writer.strip_machine_layer`."""
    stripper = _Stripper(tokens, keep_scores=keep_scores)
    for index in range(len(tokens)):
        stripper.take(index)
    return Stripped(stripper.out, stripper.scores)


class _Stripper:
    def __init__(self, tokens: list[Token], *, keep_scores: bool) -> None:
        self.out: list[Token] = []
        self.scores: dict[int, str] = {}
        self._tokens = tokens
        self._keep_scores = keep_scores
        self._frames = [_Frame(0)]
        self._swallow_blanks = 0
        self._handlers = {
            Kind.HEADER: self._header,
            Kind.WORD: self._word,
            Kind.NUMBER: self._number,
            Kind.NAG: self._glyph,
            Kind.GLYPH: self._glyph,
            Kind.OPEN: self._open,
            Kind.CLOSE: self._close,
            Kind.COMMENT: self._comment,
        }

    def take(self, index: int) -> None:
        token = self._tokens[index]
        swallow, self._swallow_blanks = self._swallow_blanks, 0
        if token.kind is Kind.SPACE and swallow:
            token = Token(Kind.SPACE, token.text[swallow:])
            if not token.text:
                return
        handler = self._handlers.get(token.kind)
        if handler is None:
            self.out.append(token)
        else:
            handler(token, index)

    def _header(self, token: Token, _index: int) -> None:
        if not _HEADER_REGEX.match(token.text):
            self.out.append(token)
        elif any(earlier.kind is Kind.HEADER for earlier in self.out):
            self._drop_blank_before(2 if self._ends_in_crlf() else 1)
        else:
            self._swallow_blanks = 2

    def _word(self, token: Token, _index: int) -> None:
        if looks_like_move(token.text):
            frame = self._frames[-1]
            frame.moves += 1
            frame.nags.clear()
            frame.number_added = False
        self.out.append(token)

    def _number(self, token: Token, index: int) -> None:
        frame = self._frames[-1]
        if frame.number_added:
            frame.number_added = False
            self._drop(index)
        else:
            self.out.append(token)

    def _glyph(self, token: Token, _index: int) -> None:
        frame = self._frames[-1]
        frame.human = True
        frame.nags.append(len(self.out))
        self.out.append(token)

    def _open(self, token: Token, _index: int) -> None:
        self._frames[-1].human = True
        self._frames.append(_Frame(len(self.out)))
        self.out.append(token)

    def _close(self, token: Token, index: int) -> None:
        if len(self._frames) == 1:
            self.out.append(token)
            return
        frame = self._frames.pop()
        if frame.machine_moves is not None and not frame.human and frame.moves <= frame.machine_moves:
            del self.out[frame.opened_at :]
            self._drop(index)
        else:
            self.out.append(token)

    def _comment(self, token: Token, index: int) -> None:
        frame = self._frames[-1]
        if MARK not in token.text:
            frame.human = True
            self.out.append(token)
            return
        self._note(frame, token.text)
        text = self._clean(token.text)
        if text.strip("{} \t\r\n") == "":
            at_root = len(self._frames) == 1 and frame.moves == 0
            self._drop(index, blank_after=at_root)
        else:
            frame.human = True
            self.out.append(Token(Kind.COMMENT, text))

    def _note(self, frame: _Frame, text: str) -> None:
        """Read the marks of a comment: glyph to undo, number to drop, machine line, score to keep."""
        line = _LINE_REGEX.search(text)
        if line and len(self._frames) > 1 and frame.moves == 1:
            frame.machine_moves = int(line[1])
        score = _SCORE_REGEX.search(text)
        if score is None:
            return
        words = score["words"].split()
        frame.number_added = "num" in words
        for word in words:
            if word.startswith("nag=") and word[4:].isdigit():
                self._undo_nag(frame, int(word[4:]))
        if len(self._frames) == 1 and score["score"]:
            self.scores.setdefault(frame.moves, score["score"])

    def _undo_nag(self, frame: _Frame, nag: int) -> None:
        for place in reversed(frame.nags):
            token = self.out[place]
            if GLYPH_NAGS.get(token.text) == nag or token.text == f"${nag}":
                del self.out[place]
                if place and self.out[place - 1].kind is Kind.SPACE:
                    blank = self.out[place - 1].text[:-1]
                    self.out[place - 1 : place] = [Token(Kind.SPACE, blank)] if blank else []
                frame.nags.clear()
                return

    def _clean(self, text: str) -> str:
        def rescore(match: re.Match[str]) -> str:
            return f"{match['score']}{match['gap']}[%kibitz eval]" if self._keep_scores and match["score"] else ""

        text = _SCORE_REGEX.sub(rescore, text)
        text = _WAS_REGEX.sub("[%eval", text)
        return _ANY_REGEX.sub(lambda match: match[0] if match[0].endswith("eval]") else "", text)

    def _drop(self, index: int, *, blank_after: bool = False) -> None:
        """Leave out the token at `index`, with one blank beside it, unless that would glue two words together."""
        following = self._tokens[index + 1] if index + 1 < len(self._tokens) else None
        if blank_after:
            self._swallow_blanks = 1
            return
        before = self.out[-2].kind if len(self.out) > 1 else Kind.SPACE
        if following is None or following.kind in _DELIMITERS or before in _DELIMITERS:
            self._drop_blank_before(1)

    def _drop_blank_before(self, count: int) -> None:
        if self.out and self.out[-1].kind is Kind.SPACE:
            blank = self.out.pop().text[:-count]
            if blank:
                self.out.append(Token(Kind.SPACE, blank))

    def _ends_in_crlf(self) -> bool:
        return bool(self.out) and self.out[-1].text.endswith("\r\n")
