"""What a stored game says beside its moves: comments, glyphs, variations, clocks, imported scores; and its move tree.

`GameRecord.moves` is the authority on the main line; the text supplies the annotations. `human_annotations` works on
tokens (linear, no recursion, any variant); `read_tree` gives python-chess's tree to those who play variations over.
Any thread. Called by `services.show_game` and the viewer, when a game is opened, and by `pgn.writer`.
"""

from __future__ import annotations

import io
import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import chess
import chess.pgn
import chess.variant

from desktop_app.domain.moves import unpack_moves
from desktop_app.pgn.comments import Command, ImportedEval, Shape, parse_comment
from desktop_app.pgn.tokens import Kind, Token, join, tokenise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from desktop_app.domain.game import GameRecord

UNKNOWN_VARIANT = "unknown:"
"""How `GameRecord.variant` begins for a variant python-chess lacks."""

MAX_TREE_DEPTH = 40
"""Variations nested deeper are left out of `read_tree`: python-chess copies the whole board stack at every level."""

GLYPH_NAGS = {"!": 1, "?": 2, "!!": 3, "??": 4, "!?": 5, "?!": 6}
"""Suffix glyphs and their numbers (PGN standard, section 10)."""

_MOVE_REGEX = re.compile(
    r"(?:[A-Za-z]?[a-h]?[1-8]?[-x:]?[a-h][1-8]|[PNBRQKpnbrqk]?@[a-h][1-8]|--|[Zz]0|0000|@@@@|[O0o]-[O0o]|null|pass)"
)


@dataclass(frozen=True, slots=True)
class PlyAnnotation:
    """What the human's text says at one ply (0 = before the first move).

    Attributes:
        comment: the words of all comments here, commands taken out, one comment a line.
        nags: glyph numbers in the order written; suffix glyphs count.
        variations: each variation's text as written, without its outer parentheses.
        clock_s: seconds left on the mover's clock.
        emt_s: seconds spent on the move.
        eval: the first score that came with the file.
        shapes: coloured squares and arrows.
        commands: every embedded command, known or not.
    """

    comment: str = ""
    nags: tuple[int, ...] = ()
    variations: tuple[str, ...] = ()
    clock_s: float | None = None
    emt_s: float | None = None
    eval: ImportedEval | None = None
    shapes: tuple[Shape, ...] = ()
    commands: tuple[Command, ...] = ()

    @property
    def variations_pgn(self) -> str:
        """All variations as PGN, each in its parentheses."""
        return " ".join(f"({variation})" for variation in self.variations)


@dataclass(frozen=True, slots=True)
class ReadTree:
    """A game as python-chess's tree. `note` says what had to be left out of it, empty where nothing was."""

    game: chess.pgn.Game
    note: str = ""


@dataclass(slots=True)
class _Gathered:
    comments: list[str] = field(default_factory=list)
    nags: list[int] = field(default_factory=list)
    variations: list[str] = field(default_factory=list)


def human_annotations(record: GameRecord) -> list[PlyAnnotation]:
    """Annotations of every ply, index 0 … `record.ply_count`. Never fails; a ply nothing is said about is empty."""
    tokens = tokenise(record.pgn)
    places = main_line_places(tokens, record)
    owner = {place: ply for ply, place in enumerate(places, start=1)}
    gathered = [_Gathered() for _ in range(record.ply_count + 1)]
    ply = 0
    depth = 0
    variation_start = 0
    for index, token in enumerate(tokens):
        if token.kind is Kind.OPEN:
            variation_start = index + 1 if depth == 0 else variation_start
            depth += 1
        elif token.kind is Kind.CLOSE and depth:
            depth -= 1
            if depth == 0:
                gathered[ply].variations.append(_condense(tokens[variation_start:index]))
        elif depth == 0:
            ply = owner.get(index, ply)
            _gather(gathered[ply], token)
    if depth:
        gathered[ply].variations.append(_condense(tokens[variation_start:]))
    return [_annotation(item) for item in gathered]


def read_tree(text: str) -> ReadTree:
    """One game's text as a python-chess tree, whatever the text is like.

    Falls back from the whole text to the main line alone, then to the headers alone; `note` says so.
    """
    tokens = tokenise(_close_comment(text))
    shallow = _prune(tokens, MAX_TREE_DEPTH)
    note = "" if len(shallow) == len(tokens) else f"Variations nested deeper than {MAX_TREE_DEPTH} are left out."
    game = _parse(join(_without_blank_lines(shallow)))
    if game is None:
        note = "The variations of this game cannot be read; its main line is shown."
        game = _parse(join(_without_blank_lines(_prune(tokens, 0))))
    if game is None:
        note = "The moves of this game cannot be read; its headers are shown."
        game = _parse(join([token for token in tokens if token.kind in {Kind.HEADER, Kind.SPACE}]))
    return ReadTree(game or chess.pgn.Game(), note)


def start_board(record: GameRecord) -> chess.Board | None:
    """The start position on a board of the game's variant; None for a variant python-chess lacks or a broken FEN."""
    if record.variant.startswith(UNKNOWN_VARIANT):
        return None
    chess960 = record.variant == "chess960"
    try:
        variant = chess.Board if chess960 else chess.variant.find_variant(record.variant)
        board = variant(record.start_fen or variant.starting_fen, chess960=chess960)
    except ValueError:
        return None
    board.chess960 = board.chess960 or board.has_chess960_castling_rights()
    return board


def looks_like_move(word: str) -> bool:
    """Whether a word of the movetext begins like a move in any notation we know."""
    return _MOVE_REGEX.match(word) is not None


def main_line_words(tokens: Sequence[Token]) -> list[int]:
    """Indexes of the tokens outside variations that look like moves, up to the result."""
    found: list[int] = []
    depth = 0
    for index, (kind, text) in enumerate(tokens):
        if kind is Kind.WORD and depth == 0 and looks_like_move(text):
            found.append(index)
        elif kind is Kind.OPEN and found:
            depth += 1
        elif kind is Kind.CLOSE and depth:
            depth -= 1
        elif kind is Kind.RESULT and depth == 0 and found:
            break
    return found


def main_line_places(tokens: Sequence[Token], record: GameRecord) -> list[int]:
    """Index of the token of each ply of the record's main line, in order; shorter where text and record part company.

    Where as many words look like moves as the record has, they are the moves; else each is checked on a board, and
    stray words are passed over.
    """
    words = main_line_words(tokens)
    if len(words) == record.ply_count:
        return words
    board = start_board(record)
    if board is None:
        return words[: record.ply_count] if record.partial else []
    places: list[int] = []
    moves = unpack_moves(record.moves)
    for order, index in enumerate(words):
        if len(places) == len(moves):
            break
        move = moves[len(places)]
        read = _read_move(board, tokens[index].text)
        if read is None:
            # A stray word, or the move in a notation only our reader knows: then the next word fits after it.
            follow = words[order + 1] if order + 1 < len(words) else None
            expected = moves[len(places) + 1] if len(places) + 1 < len(moves) else None
            if not _fits_after(board, move, tokens[follow].text if follow is not None else None, expected):
                continue
        elif read != move:
            break
        places.append(index)
        board.push(move)
    return places


def _fits_after(board: chess.Board, move: chess.Move, word: str | None, expected: chess.Move | None) -> bool:
    if word is None or expected is None:
        return word is None and expected is None
    board.push(move)
    try:
        return _read_move(board, word) == expected
    finally:
        board.pop()


def _read_move(board: chess.Board, word: str) -> chess.Move | None:
    try:
        return board.parse_san(word.replace("0", "O") if word.startswith(("0-", "O-")) else word)
    except (ValueError, IndexError):
        return None


def _gather(gathered: _Gathered, token: Token) -> None:
    if token.kind is Kind.COMMENT:
        gathered.comments.append(token.text[1:-1] if token.text.endswith("}") else token.text[1:])
    elif token.kind is Kind.LINE_COMMENT and token.text.startswith(";"):
        gathered.comments.append(token.text[1:])
    elif token.kind is Kind.NAG:
        gathered.nags.append(min(int(token.text[1:8]), 999_999))
    elif token.kind is Kind.GLYPH and token.text in GLYPH_NAGS:
        gathered.nags.append(GLYPH_NAGS[token.text])


def _annotation(gathered: _Gathered) -> PlyAnnotation:
    if not (gathered.comments or gathered.nags or gathered.variations):
        return _NOTHING
    comments = [parse_comment(raw) for raw in gathered.comments]
    clock = _first(comment.clock_centis for comment in comments)
    emt = _first(comment.emt_centis for comment in comments)
    return PlyAnnotation(
        comment="\n".join(comment.text for comment in comments if comment.text),
        nags=tuple(dict.fromkeys(gathered.nags)),
        variations=tuple(gathered.variations),
        clock_s=None if clock is None else clock / 100,
        emt_s=None if emt is None else emt / 100,
        eval=next((comment.eval for comment in comments if comment.eval is not None), None),
        shapes=tuple(shape for comment in comments for shape in comment.shapes),
        commands=tuple(command for comment in comments for command in comment.commands),
    )


_NOTHING = PlyAnnotation()


def _first(values: Iterable[int | None]) -> int | None:
    return next((value for value in values if value is not None), None)


def _condense(tokens: Sequence[Token]) -> str:
    """A variation's text on one line, except that a line comment becomes a braced one."""
    parts = []
    for kind, text in tokens:
        if kind is Kind.SPACE:
            parts.append(" ")
        elif kind is Kind.LINE_COMMENT:
            parts.append("{" + text[1:].rstrip().replace("}", "") + "}" if text.startswith(";") else "")
        else:
            parts.append(text)
    return "".join(parts).strip()


def _close_comment(text: str) -> str:
    """Give an unterminated comment its brace: python-chess would go on reading for one."""
    return text + "}" if text.rfind("{") > text.rfind("}") else text


def _prune(tokens: Sequence[Token], max_depth: int) -> list[Token]:
    """The tokens without variations nested deeper than `max_depth`."""
    kept = []
    depth = 0
    for token in tokens:
        if token.kind is Kind.OPEN:
            depth += 1
        if depth <= max_depth:
            kept.append(token)
        if token.kind is Kind.CLOSE and depth:
            depth -= 1
    return kept


def _without_blank_lines(tokens: Sequence[Token]) -> list[Token]:
    """Movetext without empty lines, at which python-chess would stop reading."""
    result = []
    in_headers = True
    for token in tokens:
        in_headers = in_headers and token.kind in {Kind.HEADER, Kind.SPACE, Kind.LINE_COMMENT}
        if token.kind is Kind.SPACE and not in_headers and token.text.count("\n") > 1:
            result.append(Token(Kind.SPACE, "\n"))
        else:
            result.append(token)
    return result


class _QuietBuilder(chess.pgn.GameBuilder[chess.pgn.Game]):
    """Collects errors on the game instead of logging them: imports have told the user already."""

    def __init__(self) -> None:
        super().__init__(Game=chess.pgn.Game)

    def handle_error(self, error: Exception) -> None:
        self.game.errors.append(error)


def _parse(text: str) -> chess.pgn.Game | None:
    try:
        return chess.pgn.read_game(io.StringIO(text), Visitor=_QuietBuilder)
    except (IndexError, ValueError, KeyError, AssertionError, RecursionError) as error:
        # python-chess raises IndexError on some real studies (ecosystem.md 4).
        logging.getLogger(__name__).debug("python-chess cannot read a game: %r", error)
        return None
