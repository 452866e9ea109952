"""A filter expression taken apart into the terms that must all hold, each as it was written, and put together again.

Standard library only, any thread. The window's filter bar shows one chip a piece: text and chips are the same thing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.domain.filter_terms import EVERYTHING, Filter, Word
from desktop_app.domain.filters import parse_filter
from desktop_app.errors import FilterSyntaxError

if TYPE_CHECKING:
    from collections.abc import Iterable

_PLAIN_VALUE = re.compile(r'[^\s()"]+')
_TYPED_WORD = re.compile(r'"(?:[^"]|"")*"?|[^\s"]+')


@dataclass(frozen=True, slots=True)
class Piece:
    """One term of an expression.

    Attributes:
        text: as it was written, "not" or "-" included.
        filter: what it means.
    """

    text: str
    filter: Filter


def split_filter(expression: str) -> tuple[Piece, ...]:
    """The terms that must all hold, in the order written; "a or b" outside parentheses is one piece.

    Raises FilterSyntaxError as `parse_filter` does. Joined again by `join_pieces` they mean the same.
    """
    whole = parse_filter(expression)
    if whole == EVERYTHING:
        return ()
    texts = _spans(expression)
    if any(text.lower() == "or" for text in texts):
        return (Piece(expression.strip(), whole),)
    try:
        pieces = tuple(Piece(text, parse_filter(text)) for text in _with_negations(texts))
    except FilterSyntaxError:  # brackets that touch their neighbours in a way only the whole explains
        return (Piece(expression.strip(), whole),)
    return tuple(piece for piece in pieces if piece.filter != EVERYTHING)


def join_pieces(pieces: Iterable[Piece | str]) -> str:
    """An expression that asks for all of them. A lone "a or b" is kept as it is; beside others it gets parentheses."""
    texts = [piece if isinstance(piece, str) else piece.text for piece in pieces]
    if len(texts) > 1:
        texts = [f"({text})" if any(part.lower() == "or" for part in _spans(text)) else text for text in texts]
    return " ".join(texts)


def quoted(value: str) -> str:
    """A value as an expression writes it: between quotation marks where it needs them."""
    clean = " ".join(value.replace('"', "'").split())
    return clean if _PLAIN_VALUE.fullmatch(clean) else f'"{clean}"'


def words_of(typed: str) -> tuple[str, ...]:
    """What somebody looks for who types this where only words are asked for: runs without blanks, and quoted text.

    Nothing in it is grammar, and a quotation mark that is not closed yet ends with the text.
    """
    found = []
    for match in _TYPED_WORD.finditer(typed):
        text = match[0]
        if text.startswith('"'):
            closed = len(text) > 1 and text.count('"') % 2 == 0
            text = text[1 : -1 if closed else None].replace('""', '"')
        if text.strip():
            found.append(text)
    return tuple(found)


def show_words(words: Iterable[str]) -> str:
    """Words as they are typed: `words_of` reads the same ones from it."""
    return " ".join(word if _TYPED_WORD.fullmatch(word) and '"' not in word else _quoted_word(word) for word in words)


def write_words(words: Iterable[str]) -> str:
    """An expression that asks for all these words, none of which is taken for its grammar."""
    return " ".join(word if _is_plain(word) else _quoted_word(word) for word in words)


def _is_plain(word: str) -> bool:
    try:
        return parse_filter(word) == Word(word)
    except FilterSyntaxError:
        return False


def _quoted_word(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _spans(expression: str) -> list[str]:
    """Runs between blanks that stand outside quotation marks and parentheses."""
    spans, start, depth, inside = [], -1, 0, False
    for place, letter in enumerate(f"{expression} "):
        if letter == '"':
            inside = not inside
        elif not inside:
            depth += (letter == "(") - (letter == ")")
        if letter.isspace() and not inside and depth == 0:
            if start >= 0:
                spans.append(expression[start:place])
            start = -1
        elif start < 0:
            start = place
    return spans


def _with_negations(texts: Iterable[str]) -> list[str]:
    """Join every "not" with what it denies, and leave out "and", which says nothing."""
    found: list[str] = []
    pending = ""
    for text in texts:
        word = text.lower()
        if word == "not":
            pending += f"{text} "
        elif word != "and":
            found.append(pending + text)
            pending = ""
    return found
