"""Where the reader stands: steps, ends, judged moves, lines and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import chess
import pytest

from desktop_app.domain.game import GameId, GameState, Ply
from desktop_app.domain.game_view import GameView, LineView, PlyView
from desktop_app.domain.judgement import Judgement
from desktop_app.ui.models.game_cursor import GameCursor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def make_view(sans: Sequence[str], judged: Mapping[int, Judgement] = {}, *, game: int = 1) -> GameView:
    """A game with these moves, some of them judged."""
    board, plies = chess.Board(), []
    for ply, san in enumerate(sans, start=1):
        before, move = board.fen(), board.parse_san(san)
        white, number = board.turn, board.fullmove_number
        board.push(move)
        plies.append(
            PlyView(
                ply=Ply(ply), white=white, move_number=number, san=san, uci=move.uci(), fen_before=before,
                fen_after=board.fen(), check=board.is_check(), clock_s=None, score=None, depth=None, nodes=None,
                pv_uci=(), pv_san=(), best_uci=None, best_san=None, judgement=judged.get(ply), label="",
                move_accuracy=None, win_loss=None, white_win=None, better=None, refutation=None, nags=(), comment="",
                variations_pgn=(), imported_eval=None, phase="",
            )
        )  # fmt: skip
    return GameView(
        id=GameId(game), headers=(), white="A", black="B", white_elo=None, black_elo=None, result="*", variant="chess",
        chess960=False, start_fen=chess.STARTING_FEN, state=GameState.UNANALYSED, error="", not_judged="", partial="",
        moves_note="", opening=None, root_comment="", root_variations_pgn=(), plies=tuple(plies), analysis=None,
        summary=None,
    )  # fmt: skip


@pytest.fixture
def cursor() -> GameCursor:
    """At the start of a game of six plies with three judged moves."""
    cursor = GameCursor()
    judged = {2: Judgement.BLUNDER, 3: Judgement.MISTAKE, 6: Judgement.BLUNDER}
    cursor.show(make_view(["e4", "e5", "Nf3", "Nc6", "Bb5", "a6"], judged))
    return cursor


def test_steps_stop_at_both_ends(cursor: GameCursor) -> None:
    """Nothing lies before the start or behind the end."""
    cursor.step(-1)
    assert cursor.ply == 0
    cursor.step(99)
    assert cursor.ply == 6


def test_judged_moves_are_walked_in_a_circle(cursor: GameCursor) -> None:
    """Forward and backward, round the end, one side only when asked."""
    seen = []
    for _ in range(3):
        cursor.go_to_judged(Judgement.BLUNDER)
        seen.append(cursor.ply)
    assert seen == [2, 6, 2]
    cursor.go_to_judged(Judgement.BLUNDER, backwards=True)
    assert cursor.ply == 6
    assert not cursor.go_to_judged(Judgement.BLUNDER, white=True)
    assert not cursor.go_to_judged(Judgement.INACCURACY)


def test_the_same_game_keeps_its_place_and_another_starts_anew(cursor: GameCursor) -> None:
    """Newer facts do not move the reader."""
    cursor.go_to(4)
    moved: list[object] = []
    cursor.moved.connect(moved.append)
    cursor.show(make_view(["e4", "e5", "Nf3", "Nc6", "Bb5", "a6"]))
    assert cursor.ply == 4
    assert moved == []
    cursor.show(make_view(["d4"], game=2))
    assert cursor.ply == 0
    assert len(moved) == 1


def test_a_line_is_played_and_left_where_the_game_was(cursor: GameCursor) -> None:
    """Inside a line steps follow it; before its first move, and with Escape, the game is back."""
    cursor.go_to(3)
    board = chess.Board(cursor.view.plies[1].fen_after)
    board.push_san("Bc4")
    line = LineView(Ply(2), ("f1c4",), ("Bc4",), (board.fen(),), None)
    cursor.enter_line(line)
    assert cursor.spot().fen == board.fen()
    assert cursor.spot().last_uci == "f1c4"
    cursor.step(1)
    assert cursor.line_ply == 1
    cursor.step(-1)
    assert cursor.spot().fen == cursor.view.plies[1].fen_after
    cursor.step(-1)
    assert cursor.line is None
    assert cursor.ply == 3
    assert not cursor.leave_line()


def test_explored_moves_are_a_line_of_their_own(cursor: GameCursor) -> None:
    """The game's next move is followed; another begins a line, which grows and is cut by a new move."""
    assert cursor.explore("e2e4")
    assert (cursor.ply, cursor.line) == (1, None)
    assert cursor.explore("c7c5")
    assert cursor.explore("g1f3")
    assert cursor.line is not None
    assert cursor.line.explored
    assert (cursor.line.from_ply, cursor.line.sans, cursor.line_ply) == (1, ("c5", "Nf3"), 2)
    assert cursor.path() == ("e2e4", "c7c5", "g1f3")
    assert cursor.board().fen() == cursor.line.fens[1] == cursor.spot().fen
    line = cursor.line
    cursor.step(-1)
    assert cursor.explore("g1f3")
    assert cursor.line is line
    cursor.step(-1)
    assert cursor.explore("d2d4")
    assert cursor.line.sans == ("c5", "d4")
    assert not cursor.explore("e1e5")
    assert cursor.leave_line()
    assert (cursor.ply, len(cursor.view.plies if cursor.view else ())) == (1, 6)


def test_exploring_without_a_game() -> None:
    """From the start position, when nothing is open."""
    cursor = GameCursor()
    assert cursor.explore("e2e4")
    assert cursor.spot().last_uci == "e2e4"
    assert cursor.path() == ("e2e4",)
    assert cursor.leave_line()
    assert cursor.board().fen() == chess.STARTING_FEN
