"""Two texts of one game made one: what only the other says is put into the first, and nothing of the first is lost.

Pure, any thread. Called by `services.enrich_games` for a duplicate that carries more, and by `services.duplicates`,
which asks cheaply what one carries. Works on tokens like `pgn.writer`: the text that gains is otherwise left as it is.
Where both say something of the same kind in the same place (a clock, a score, a glyph, a tag), the first keeps its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from desktop_app.domain.bin import Gain
from desktop_app.pgn.retag import retagged
from desktop_app.pgn.tokens import Kind, Token, join, tokenise
from desktop_app.pgn.tree import human_annotations, looks_like_move, main_line_places, start_board

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.game import GameRecord
    from desktop_app.pgn.tree import PlyAnnotation

_MOVE_GLYPHS = frozenset(range(1, 7))
_TIMES = frozenset({"clk", "emt", "egt", "mct"})
_KEPT_TAGS = frozenset({"FEN", "SetUp", "Variant", "PlyCount"})
"""Tags that follow from the moves: never taken over alone."""
_COMMENT = re.compile(r"\{([^}]*)\}")
_COMMAND = re.compile(r"\[%[^\]]*\]")
_OTHER_COMMAND = re.compile(r"\[%(?!clk|emt|egt|mct|eval|kibitz)[A-Za-z]")
_VARIATION = re.compile(r"\((?![QRBNqrbn]\))")
_GLYPH = re.compile(r"[!?]+|\$\d+")
_TAG_SECTION = re.compile(r"(?:[ \t]*\[[^\n]*\n)+")


def carries(text: str, than: str) -> frozenset[Gain]:
    """What `text` seems to carry beyond `than`, by counting; a fraction of what merging costs. Tags and moves apart."""
    more, less = _body(text), _body(than)
    if more == less:
        return frozenset()
    found = set()
    if more.count("[%clk") + more.count("[%emt") > less.count("[%clk") + less.count("[%emt"):
        found.add(Gain.CLOCKS)
    if more.count("[%eval") > less.count("[%eval"):
        found.add(Gain.EVALUATIONS)
    if "{" in more and (
        _words(more) - _words(less) or len(_OTHER_COMMAND.findall(more)) > len(_OTHER_COMMAND.findall(less))
    ):
        found.add(Gain.COMMENTS)
    if "(" in more or "$" in more or "!" in more or "?" in more:
        bare_more, bare_less = _COMMENT.sub("", more), _COMMENT.sub("", less)
        if len(_VARIATION.findall(bare_more)) > len(_VARIATION.findall(bare_less)):
            found.add(Gain.VARIATIONS)
        if len(_GLYPH.findall(bare_more)) > len(_GLYPH.findall(bare_less)):
            found.add(Gain.GLYPHS)
    return frozenset(found)


def new_tags(tags: Sequence[tuple[str, str]], than: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Tags that say something where `than` has no tag or an unknown value, in their order."""
    known = {name for name, value in than if not _unknown(value)}
    return {
        name: value
        for name, value in dict(tags).items()
        if name not in known and name not in _KEPT_TAGS and not _unknown(value)
    }


def merged_text(first: GameRecord, other: GameRecord) -> str:
    """The text of `first` with what only `other` says. Their main lines agree as far as both go.

    Where `first` says nothing beside its moves, and has no more of them, it takes the movetext of `other` as it stands.
    """
    text = first.pgn
    mine, theirs = human_annotations(first), human_annotations(other)
    if not any(map(_says, mine)) and first.ply_count <= other.ply_count:
        text = _head(text) + _body(other.pgn)
    elif any(map(_says, theirs)):
        text = _with_annotations(first, mine, theirs)
    gained = new_tags(other.headers, first.headers)
    return retagged(text, gained) if gained else text


def _with_annotations(first: GameRecord, mine: Sequence[PlyAnnotation], theirs: Sequence[PlyAnnotation]) -> str:
    tokens = tokenise(first.pgn)
    places = main_line_places(tokens, first)
    if len(places) != first.ply_count:
        return first.pgn
    board = start_board(first)
    ply = (2 * board.fullmove_number - 2 + (not board.turn)) if board else 0
    out: list[Token] = []
    begin = places[0] if places else len(tokens)
    begin = _before_number(tokens, begin)
    if theirs and _says(theirs[0]):
        addition = _addition(mine[0], theirs[0])
        out = [*tokens[:begin], *_spaced(addition.comment), *tokens[begin:begin]]
    else:
        out = list(tokens[:begin])
    for number, place in enumerate(places, start=1):
        end = _before_number(tokens, places[number]) if number < len(places) else _end_of_line(tokens, place)
        segment = tokens[_before_number(tokens, place) : end]
        if number < len(theirs) and _says(theirs[number]):
            after_white = (ply + number) % 2 == 1
            segment = _filled(segment, _addition(mine[number], theirs[number]))
            if number < len(places) and after_white and not _has_number(tokens, end, places[number]):
                segment.append(Token(Kind.NUMBER, f"{(ply + number + 1) // 2}..."))
                segment.append(Token(Kind.SPACE, " "))
        out += segment
    tail = _end_of_line(tokens, places[-1]) if places else begin
    return join([*out, *tokens[tail:]])


class _Addition:
    """What is put in at one ply."""

    def __init__(self, nags: Sequence[int], comment: str, variations: Sequence[str]) -> None:
        self.nags, self.comment, self.variations = nags, comment, variations


def _addition(mine: PlyAnnotation, theirs: PlyAnnotation) -> _Addition:
    """What `theirs` says and `mine` does not."""
    graded = any(nag in _MOVE_GLYPHS for nag in mine.nags)
    nags = [nag for nag in theirs.nags if nag not in mine.nags and not (graded and nag in _MOVE_GLYPHS)]
    there = {command.name for command in mine.commands}
    commands = [f"[%{one.name} {one.value}]" for one in theirs.commands if one.name not in there]
    known = _plain(mine.comment)
    words = [line for line in theirs.comment.split("\n") if line.strip() and _plain(line) not in known]
    comment = " ".join([*commands, *words]).replace("}", ")")
    lines = {_moves_of(variation) for variation in mine.variations}
    variations = [one for one in theirs.variations if not any(_begins(line, _moves_of(one)) for line in lines)]
    return _Addition(nags, comment, variations)


def _filled(segment: list[Token], addition: _Addition) -> list[Token]:
    """One ply's tokens with the additions at their places: glyphs after the move, then comments, then variations."""
    move = next(index for index, token in enumerate(segment) if token.kind is Kind.WORD and looks_like_move(token.text))
    after = move + 1
    while after < len(segment) and segment[after].kind in {Kind.GLYPH, Kind.NAG}:
        after += 1
    nags = [token for nag in addition.nags for token in (Token(Kind.SPACE, " "), Token(Kind.NAG, f"${nag}"))]
    rest = segment[after:]
    blank: list[Token] = []
    while rest and rest[-1].kind is Kind.SPACE:
        blank.insert(0, rest.pop())
    comment = [Token(Kind.SPACE, " "), Token(Kind.COMMENT, f"{{ {addition.comment} }}")] if addition.comment else []
    lines = [token for one in addition.variations for token in (Token(Kind.SPACE, " "), Token(Kind.WORD, f"({one})"))]
    return [*segment[:after], *nags, *comment, *rest, *lines, *(blank or [Token(Kind.SPACE, " ")])]


def _spaced(comment: str) -> list[Token]:
    return [Token(Kind.COMMENT, f"{{ {comment} }}"), Token(Kind.SPACE, " ")] if comment else []


def _before_number(tokens: Sequence[Token], place: int) -> int:
    """Where the move at `place` begins: before its number, where it has one."""
    index = place
    while index and tokens[index - 1].kind is Kind.SPACE:
        index -= 1
    if index and tokens[index - 1].kind is Kind.NUMBER:
        index -= 1
        while index and tokens[index - 1].kind is Kind.NUMBER:
            index -= 1
        return index
    return place


def _has_number(tokens: Sequence[Token], begin: int, place: int) -> bool:
    return any(token.kind is Kind.NUMBER for token in tokens[begin:place])


def _end_of_line(tokens: Sequence[Token], place: int) -> int:
    """Where the last move's own annotations end: at the result or at the end of the text."""
    depth = 0
    for index in range(place, len(tokens)):
        kind = tokens[index].kind
        depth += (kind is Kind.OPEN) - (kind is Kind.CLOSE)
        if kind is Kind.RESULT and depth == 0:
            return index
    return len(tokens)


def _says(annotation: PlyAnnotation) -> bool:
    return bool(annotation.comment or annotation.nags or annotation.variations or annotation.commands)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _moves_of(variation: str) -> tuple[str, ...]:
    """The words of a variation that are moves, in order, its own variations included."""
    return tuple(token.text for token in tokenise("\n" + variation) if token.kind is Kind.WORD)


def _begins(line: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether `line` says all that `other` does."""
    return line[: len(other)] == other


def _words(body: str) -> set[str]:
    """The comments of a movetext without their commands."""
    return {words for found in _COMMENT.findall(body) if (words := _plain(_COMMAND.sub(" ", found)))}


def _head(text: str) -> str:
    """The tag section, with the blank line behind it."""
    return text[: len(text) - len(_body(text))]


def _body(text: str) -> str:
    """The movetext."""
    match = _TAG_SECTION.match(text)
    return text[match.end() :].lstrip("\n") if match else text


def _unknown(value: str) -> bool:
    return not value.strip("?.- *")
