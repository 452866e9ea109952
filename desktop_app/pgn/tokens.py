"""One game's PGN text as a lossless list of tokens: joined again they give the text back, byte for byte.

Pure text work in linear time, no recursion, no chess knowledge; any thread. Called by `pgn.tree`, which reads the
human's annotations from the tokens, and `pgn.writer`, which inserts the machine's between them. Working on the text
itself, not on a parsed tree, is what keeps the human's layer untouched whatever it holds: order of glyphs and headers,
several comments in a row, comments after the result, 10 000 nested variations, variants python-chess lacks.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """What a token is."""

    SPACE = 0
    HEADER = 1
    """One tag pair, or a line that wants to be one."""
    COMMENT = 2
    """`{…}`, braces included; runs to the end of the text where no brace closes it."""
    LINE_COMMENT = 3
    """`; …` to the end of the line, or a `%` line; without the line break."""
    NAG = 4
    """`$n`."""
    GLYPH = 5
    """`!` `?` and pairs of them, written after the move."""
    OPEN = 6
    CLOSE = 7
    RESULT = 8
    NUMBER = 9
    """`12.`, `12...`, dots alone."""
    WORD = 10
    """A move in SAN, or anything else."""


class Token(NamedTuple):
    """A piece of the text."""

    kind: Kind
    text: str


_TAG_REGEX = re.compile(r"\[\s*[A-Za-z0-9_+#=:\-]+\s+\"(?:[^\"\\\r\n]|\\.|\"(?!\s*\]))*\"\s*\]")
_LINE_REGEX = re.compile(r"[^\r\n]*")
_SPACE_REGEX = re.compile(r"\s+")
_MOVETEXT_REGEX = re.compile(
    r"""
      (?P<SPACE>\s+)
    | (?P<COMMENT>\{[^}]*(?:\}|\Z))
    | (?P<LINE_COMMENT>;[^\r\n]*|^%[^\r\n]*)
    | (?P<NAG>\$\d+)
    | (?P<GLYPH>[!?]{1,2})
    | (?P<OPEN>\()
    | (?P<CLOSE>\))
    | (?P<RESULT>(?:1-0|0-1|1/2-1/2|½-½|\*)(?=[\s{;()$]|\Z))
    | (?P<NUMBER>\d+\s?\.[.\u2026]*|\d+(?=\s)|[.\u2026]+)
    | (?P<WORD>(?:[^\s{;()$!?.]|\((?=[QRBNqrbn]\))[QRBNqrbn]\))+|.)
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_KINDS = {kind.name: kind for kind in Kind}


def tokenise(text: str) -> list[Token]:
    """Split one game; joining the tokens gives the text back, always."""
    tokens, position = _header_tokens(text)
    for match in _MOVETEXT_REGEX.finditer(text, position):
        name = match.lastgroup
        tokens.append(Token(_KINDS[name] if name else Kind.WORD, match.group()))
    return tokens


def join(tokens: list[Token]) -> str:
    """The text of these tokens."""
    return "".join(token.text for token in tokens)


def _header_tokens(text: str) -> tuple[list[Token], int]:
    """Tokens of the tag section, and where the movetext begins (trailing blanks belong to the section)."""
    tokens: list[Token] = []
    position = 1 if text.startswith("\ufeff") else 0
    if position:
        tokens.append(Token(Kind.SPACE, "\ufeff"))
    while position < len(text):
        start = position
        match = _SPACE_REGEX.match(text, position)
        if match:
            tokens.append(Token(Kind.SPACE, match.group()))
            position = match.end()
            continue
        fresh_line = position == 0 or text[position - 1] in "\r\n\ufeff"
        if text[position] == "[":
            match = _TAG_REGEX.match(text, position) or _LINE_REGEX.match(text, position)
            kind = Kind.HEADER
        elif text[position] in "%;" and fresh_line:
            match = _LINE_REGEX.match(text, position)
            kind = Kind.LINE_COMMENT
        else:
            break
        if match is None or match.end() == start:
            break
        tokens.append(Token(kind, match.group()))
        position = match.end()
    return tokens, position
