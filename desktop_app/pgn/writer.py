"""PGN out: the human's text as it is, with the machine's findings put between its tokens and marked as such.

Any thread, pure. Called by `services.export_games` (`annotated_pgn`) and by import (`strip_machine_layer`). The format
is docs/export-format.md. In short, beside a move stand a glyph, a comment and a variation of ours::

    12. Nf3 $4 { [%eval -1.53,20] [%kibitz eval blunder nag=4] } { the human's own } ( 12. Nc3 { [%kibitz line 6] } …)

Nothing of the human's is rewritten, with one reversible exception: where we write a score, the file's own `[%eval` is
renamed `[%kibitz was`, so that every reader sees one score. `strip_machine_layer` undoes it all, byte for byte if no
other program has been at the text, in meaning otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import chess

from desktop_app.domain.moves import unpack_moves
from desktop_app.pgn.comments import format_eval
from desktop_app.pgn.headers import read_tags
from desktop_app.pgn.machine import HEADER_NAME, MARK, strip_tokens
from desktop_app.pgn.tokens import Kind, Token, join, tokenise
from desktop_app.pgn.tree import GLYPH_NAGS, main_line_places, main_line_words, start_board

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from desktop_app.domain.evaluation import Score
    from desktop_app.domain.game import GameRecord
    from desktop_app.domain.judgement import Judgement, MoveMark

RESULTS = ("1-0", "0-1", "1/2-1/2", "*")
_MOVE_GLYPHS = frozenset(range(1, 7))
_OWN_EVAL_REGEX = re.compile(r"\[%eval(?=[\s\]])")
_EMPTY_LINE_REGEX = re.compile(r"\n[ \t\r]*\n|\r[ \t]*\r")
_WRAP_COLUMN = 100


@dataclass(frozen=True, slots=True)
class MachinePly:
    """What the machine says at one ply (0 = start position).

    Attributes:
        score: of the position after the move, White's side; None while not evaluated.
        depth: of that score.
        judgement: our verdict on the move.
        better: what should have been played instead, UCI moves from the position *before* the move; empty for nothing.
        mark: our mark of a good move, where it is to be written.
    """

    score: Score | None = None
    depth: int = 0
    judgement: Judgement | None = None
    better: tuple[str, ...] = ()
    mark: MoveMark | None = None

    @property
    def glyph(self) -> Judgement | MoveMark | None:
        """What a glyph of ours says of the move: the verdict, else the mark."""
        return self.judgement or self.mark


@dataclass(frozen=True, slots=True)
class MachineLayer:
    """Everything the machine says about a game; partial analyses have fewer plies.

    Attributes:
        engine: the engine's name; `build` the digest of its binary.
        nodes: asked for per position.
        rules: grading and version that judged, "lichess 1".
        plies: by ply, 0 for the start position.
    """

    engine: str
    build: str
    nodes: int
    rules: str
    plies: Mapping[int, MachinePly] = field(default_factory=dict)

    def header(self) -> str:
        """The tag that says who wrote the marked parts."""
        value = f"engine={self.engine}; build={self.build}; nodes={self.nodes}; rules={self.rules}"
        value = value.replace("\\", "/").replace('"', "'").replace("\n", " ")
        return f'[{HEADER_NAME} "{value}"]'


def annotated_pgn(record: GameRecord, layer: MachineLayer | None) -> str:
    """The game's text with the machine's layer in it; without a layer, or for a variant we cannot replay, as it is.

    Scores of an earlier export that came back with the text stay where the layer has none, and give way where it has.
    Where text and record part company, the rest of the text stays as it is.
    """
    layer = _that_says_something(layer)
    board = start_board(record)
    if board is None or (not layer.plies and MARK not in record.pgn):
        return record.pgn
    stripped = strip_tokens(tokenise(record.pgn), keep_scores=False)
    tokens = stripped.tokens
    order = {place: number for number, place in enumerate(main_line_words(tokens), start=1)}
    places = main_line_places(tokens, record)
    if not places:
        return record.pgn
    earlier = {
        ply: stripped.scores[order[place]]
        for ply, place in enumerate(places, start=1)
        if order[place] in stripped.scores
    }
    if 0 in stripped.scores:
        earlier[0] = stripped.scores[0]
    return _Annotator(tokens, places, layer, earlier).write(board, unpack_moves(record.moves))


def _that_says_something(layer: MachineLayer | None) -> MachineLayer:
    """The layer without plies nothing would be written for (a mated position has no score)."""
    if layer is None:
        return MachineLayer("", "", 0, "")
    plies = {
        ply: said
        for ply, said in layer.plies.items()
        if said.glyph is not None or (said.score is not None and format_eval(said.score, said.depth))
    }
    return replace(layer, plies=plies)


def strip_machine_layer(text: str, *, keep_scores: bool = True) -> str:
    """Take out of one game's text what Kibitz once wrote into it; the human's game and tree are left.

    With `keep_scores` our scores stay behind as evidence, each in a comment of its own that still says whose it is
    (`{ [%eval 0.48,20] [%kibitz eval] }`); else they go too. Any text may be given; doing it twice changes nothing.
    """
    if MARK not in text and f"[{HEADER_NAME}" not in text:
        return text
    return join(strip_tokens(tokenise(text), keep_scores=keep_scores).tokens)


def self_contained(text: str, result: str = "*") -> str:
    """A game's text fit to stand among others in one file: no blanks around it, no comment left open, no empty lines.

    An open comment would make other readers lose every game behind it, and to most of them an empty line among the
    moves ends the game. Those within comments are the human's, and harmless. A game of tags alone gets its result
    written, or the tags behind it would be taken for more of its own; one without tags gets a Result tag, or its moves
    might be taken for those of the game before it.
    """
    text = _without_empty_lines(text.lstrip("\ufeff").strip())
    if not text.startswith("[") and not read_tags(text).tags:
        text = f'[Result "{result}"]\n\n{text}'
    if text.endswith("]") and (section := read_tags(text)).end == len(text):
        told = dict(section.tags).get("Result", result)
        return f"{text}\n\n{told if told in RESULTS else '*'}"
    if text.rfind("{") < text.rfind("}") or "{" not in text:
        return text
    tokens = tokenise(text)
    if tokens and tokens[-1].kind is Kind.COMMENT and not tokens[-1].text.endswith("}"):
        return text + " }"
    return text


def _without_empty_lines(text: str) -> str:
    gaps = [match.start() for match in _EMPTY_LINE_REGEX.finditer(text)]
    if not gaps or (len(gaps) == 1 and text[: gaps[0]].rstrip().endswith("]")):
        return text  # there is none but that between tags and moves
    tokens = tokenise(text)
    last_tag = max((index for index, token in enumerate(tokens) if token.kind is Kind.HEADER), default=-2)
    out = []
    for index, (kind, piece) in enumerate(tokens):
        if kind is not Kind.SPACE or not _EMPTY_LINE_REGEX.search(piece):
            out.append(piece)
        else:
            out.append("\n\n" if index == last_tag + 1 else "\n")
    return "".join(out)


class _Annotator:
    """Copies tokens, and puts the machine's pieces between them."""

    def __init__(
        self, tokens: Sequence[Token], places: Sequence[int], layer: MachineLayer, earlier: Mapping[int, str]
    ) -> None:
        self._tokens = tokens
        self._places = places
        self._layer = layer
        self._earlier = earlier
        self._out: list[str] = []
        self._column = 0
        self._rename_evals = False

    def write(self, board: chess.Board, moves: Sequence[chess.Move]) -> str:
        movetext = self._write_headers()
        first = self._first_of_move(self._places[0], movetext)
        self._root(movetext, first)
        position = first
        for ply, place in enumerate(self._places, start=1):
            self._copy(position, place + 1)
            last = ply == len(self._places)
            end = self._end_of_region(place + 1) if last else self._places[ply]
            position = self._ply(ply, (place + 1, end), board, moves[ply - 1])
            board.push(moves[ply - 1])
        self._copy(position, len(self._tokens))
        return "".join(self._out)

    def _write_headers(self) -> int:
        """Copy the tag section with our tag as its last; return where the movetext begins."""
        if not self._layer.plies:
            return 0
        headers = [index for index, token in enumerate(self._tokens) if token.kind is Kind.HEADER]
        if headers:
            self._copy(0, headers[-1] + 1)
            self._put("\n" + self._layer.header())
            return headers[-1] + 1
        start = 1 if self._tokens and self._tokens[0].text == "\ufeff" else 0
        self._copy(0, start)
        self._put(self._layer.header() + "\n\n")
        return start

    def _root(self, start: int, first: int) -> None:
        """What stands before the first move, and our score of the start position."""
        comment = self._score_comment(0, nag=False, number=False)
        self._rename_evals = "[%eval" in comment
        self._copy(start, first)
        self._rename_evals = False
        if comment:
            self._put(comment + " ")

    def _ply(self, ply: int, region: tuple[int, int], board: chess.Board, move: chess.Move) -> int:
        """One move's own region of the text, from behind the move to the next one; return how far it was copied."""
        start, end = region
        said = self._layer.plies.get(ply, MachinePly())
        tail = self._tail(start, end)
        line = _better_line(board, move, said.better)
        number = self._number_needed(ply, tail, end, board.turn)
        nag = said.glyph is not None and not self._has_move_glyph(start, end)
        comment = self._score_comment(ply, nag=nag, number=number)
        if not comment:
            return start
        head = self._head(start, tail)
        self._copy(start, head)
        if nag and said.glyph is not None:
            self._piece(f"${said.glyph.nag}")
        self._piece(comment)
        self._rename_evals = "[%eval" in comment
        self._copy(head, tail)
        self._rename_evals = False
        if line:
            self._piece(line, after=self._tokens[tail - 1])
        if number:
            self._piece(f"{board.fullmove_number}...", after=None if line else self._tokens[tail - 1])
        return tail

    def _score_comment(self, ply: int, *, nag: bool, number: bool) -> str:
        said = self._layer.plies.get(ply)
        score = format_eval(said.score, said.depth) if said and said.score is not None else ""
        if not score:
            score = self._earlier.get(ply, "")
        verdict = said.glyph if said else None
        if not score and verdict is None:
            return ""
        words = ["eval"]
        if verdict is not None:
            words.append(verdict.value)
            words += [f"nag={verdict.nag}"] if nag else []
        words += ["num"] if number else []
        return f"{{ {score} [%kibitz {' '.join(words)}] }}" if score else f"{{ [%kibitz {' '.join(words)}] }}"

    def _first_of_move(self, place: int, least: int) -> int:
        """The move number before a move belongs to it."""
        first = place
        for index in range(place - 1, least - 1, -1):
            kind = self._tokens[index].kind
            if kind is Kind.NUMBER:
                first = index
            elif kind is not Kind.SPACE:
                break
        return first

    def _end_of_region(self, start: int) -> int:
        """The last move's region ends at the result."""
        depth = 0
        for index in range(start, len(self._tokens)):
            kind = self._tokens[index].kind
            if kind is Kind.OPEN:
                depth += 1
            elif kind is Kind.CLOSE and depth:
                depth -= 1
            elif depth == 0 and kind in {Kind.RESULT, Kind.WORD, Kind.HEADER}:
                return index
        return len(self._tokens)

    def _tail(self, start: int, end: int) -> int:
        """Behind the last token of a region that is whole: no blanks, no number, no open parenthesis or brace."""
        tail = start
        depth = 0
        for index in range(start, end):
            kind, text = self._tokens[index]
            if kind is Kind.OPEN:
                depth += 1
            elif kind is Kind.CLOSE and depth:
                depth -= 1
            if kind is Kind.COMMENT and not text.endswith("}"):
                break
            if depth == 0 and kind not in {Kind.SPACE, Kind.NUMBER}:
                tail = index + 1
        return tail

    def _head(self, start: int, tail: int) -> int:
        """Behind the glyphs that follow the move at once."""
        head = start
        for index in range(start, tail):
            kind = self._tokens[index].kind
            if kind in {Kind.NAG, Kind.GLYPH}:
                head = index + 1
            elif kind is not Kind.SPACE:
                break
        return head

    def _has_move_glyph(self, start: int, end: int) -> bool:
        depth = 0
        for kind, text in self._tokens[start:end]:
            if kind is Kind.OPEN:
                depth += 1
            elif kind is Kind.CLOSE and depth:
                depth -= 1
            elif depth == 0:
                nag = GLYPH_NAGS.get(text) if kind is Kind.GLYPH else None
                if kind is Kind.NAG:
                    nag = int(text[1:8])
                if nag in _MOVE_GLYPHS:
                    return True
        return False

    def _number_needed(self, ply: int, tail: int, end: int, turn: chess.Color) -> bool:
        """Black's move after a comment of ours wants its number, unless it has one (PGN standard 8.2.2.2)."""
        if turn is not chess.WHITE or ply >= len(self._places):
            return False
        return all(token.kind is not Kind.NUMBER for token in self._tokens[tail:end])

    def _copy(self, start: int, end: int) -> None:
        depth = 0
        for kind, text in self._tokens[start:end]:
            depth += (kind is Kind.OPEN) - (kind is Kind.CLOSE and depth > 0)
            renamed = self._rename_evals and kind is Kind.COMMENT and depth == 0
            self._put(_OWN_EVAL_REGEX.sub("[%kibitz was", text) if renamed else text)

    def _piece(self, text: str, after: Token | None = None) -> None:
        """Add something of ours, one blank or line break before it."""
        on_new_line = (after is not None and after.kind is Kind.LINE_COMMENT) or (
            self._column + len(text) > _WRAP_COLUMN
        )
        self._put(("\n" if on_new_line else " ") + text)

    def _put(self, text: str) -> None:
        self._out.append(text)
        cut = text.rfind("\n")
        self._column = self._column + len(text) if cut < 0 else len(text) - cut - 1


def _better_line(board: chess.Board, played: chess.Move, better: Sequence[str]) -> str:
    """The machine's line as a variation, marked at its first move; empty if it is the move played or not legal."""
    position = board.copy(stack=False)
    words: list[str] = []
    for uci in better:
        try:
            move = position.parse_uci(uci)
        except ValueError:
            break
        if not words and move == played:
            return ""
        if position.turn is chess.WHITE:
            words.append(f"{position.fullmove_number}.")
        elif len(words) in {0, 3}:
            words.append(f"{position.fullmove_number}...")
        words.append(position.san(move))
        if len(words) == 2:
            words.append("\0")
        position.push(move)
    if not words:
        return ""
    count = sum(word[0] not in "0123456789\0" for word in words)
    mark = f"{{ [%kibitz line {count}] }}"
    return "( " + " ".join(mark if word == "\0" else word for word in words) + " )"
