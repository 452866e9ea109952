"""Planning: every position once, last first, borders that depend on the game alone."""

from __future__ import annotations

import chess
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.analysis.plan import GamePlan, plan_game
from desktop_app.domain.evaluation import Over
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.profile import CHUNK_POSITIONS, Profile, SearchSpec
from desktop_app.domain.work import JobItemId

NODES = SearchSpec.of_nodes(2000)
QUICK = SearchSpec.of_profile(Profile.QUICK)
SHUFFLE = ("g1f3", "g8f6", "f3g1", "f6g8")


def plan(
    *moves: str,
    fen: str = chess.STARTING_FEN,
    chess960: bool = False,
    spec: SearchSpec = NODES,
    known: frozenset[int] = frozenset(),
) -> GamePlan:
    """A plan for these moves."""
    return plan_game(
        item_id=JobItemId(7),
        game_id=GameId(3),
        root_fen=fen,
        moves=moves,
        chess960=chess960,
        spec=spec,
        known=frozenset(Ply(ply) for ply in known),
    )


def shuffled(plies: int) -> list[str]:
    """A legal game of so many plies in which nothing repeats five times: the knights' trips are cut by pawn moves."""
    board = chess.Board()
    moves: list[str] = []
    pawns = [f"{file}{rank}" for file in "abcdegh" for rank in ("2", "7")]
    while len(moves) < plies:
        if len(moves) % 14 < 12:
            uci = SHUFFLE[(len(moves) % 14) % 4]
        else:
            square = pawns.pop(0)
            uci = square + square[0] + ("3" if square[1] == "2" else "6")
        board.push_uci(uci)
        moves.append(uci)
    return moves


@given(plies=st.integers(0, 90), known=st.frozensets(st.integers(0, 90)), reproducible=st.booleans())
def test_every_missing_position_is_planned_once_last_first(
    plies: int, known: frozenset[int], reproducible: bool
) -> None:
    """Known plies cost nothing outside the reproducible mode; inside it, a chunk is complete or searched whole."""
    moves = shuffled(plies)
    spec = NODES if reproducible else QUICK
    result = plan(*moves, spec=spec, known=known)
    planned = [ply for chunk in result.chunks for ply in chunk.plies]
    assert planned == sorted(set(planned), reverse=True)
    assert set(range(plies + 1)) - known <= set(planned)
    assert result.positions_total == plies + 1
    assert result.positions_to_search == len(planned)
    whole = plan(*moves, spec=spec).chunks
    if reproducible:
        assert set(result.chunks) <= set(whole)
    else:
        assert not known & set(planned)
    for chunk in result.chunks:
        assert 1 <= len(chunk.plies) <= CHUNK_POSITIONS
        assert any(set(chunk.plies) <= set(other.plies) for other in whole)
        assert chunk.moves == tuple(moves[: max(chunk.plies[0], chunk.warmup_ply or 0)])


def test_chunks_are_cut_from_the_end_and_overlap_by_their_later_neighbour() -> None:
    """19 plies: 19..12, then 11..4 after a look at 12, then 3..0 after a look at 4."""
    chunks = plan(*shuffled(19)).chunks
    assert [chunk.plies for chunk in chunks] == [
        tuple(range(19, 11, -1)),
        tuple(range(11, 3, -1)),
        tuple(range(3, -1, -1)),
    ]
    assert [chunk.warmup_ply for chunk in chunks] == [None, 12, 4]


def test_a_warm_up_that_costs_as_much_as_it_helps_is_left_out() -> None:
    """One or two missing plies are searched cold, except where runs must repeat exactly."""
    moves, known = shuffled(19), frozenset(range(20)) - {5}
    (chunk,) = plan(*moves, spec=QUICK, known=known).chunks
    assert (chunk.plies, chunk.warmup_ply) == ((5,), None)
    (chunk,) = plan(*moves, known=known).chunks
    assert (chunk.plies, chunk.warmup_ply) == (tuple(range(11, 3, -1)), 12)


def test_a_game_without_moves_still_has_its_start() -> None:
    """One position; whether such a game is worth a job is not for the planner to say."""
    (chunk,) = plan().chunks
    assert (chunk.plies, chunk.warmup_ply, chunk.moves) == ((0,), None, ())


@pytest.mark.parametrize(
    ("moves", "fen", "winner"),
    [
        (("f2f3", "e7e5", "g2g4", "d8h4"), chess.STARTING_FEN, False),
        (("e2e4", "e7e5", "d1h5", "b8c6", "f1c4", "g8f6", "h5f7"), chess.STARTING_FEN, True),
        (("g2g6",), "7k/8/5K2/8/8/8/6Q1/8 w - - 0 1", None),
        (("e1d1",), "7k/8/8/8/8/8/8/4K1Q1 w - - 149 120", None),
        (("e1f2",), "7k/8/8/8/8/8/5q2/4K3 w - - 0 1", None),
    ],
    ids=["black mates", "white mates", "stalemate", "75 moves", "bare kings"],
)
def test_a_finished_position_is_a_fact_and_never_searched(
    moves: tuple[str, ...], fen: str, winner: bool | None
) -> None:
    """Its evaluation says who won; it warms nothing either."""
    result = plan(*moves, fen=fen)
    ((ply, evaluation),) = result.over
    assert ply == len(moves)
    assert evaluation.score == Over(winner)
    assert (evaluation.best, evaluation.nodes, evaluation.pv) == (None, 0, ())
    assert all(ply not in chunk.plies and chunk.warmup_ply != ply for chunk in result.chunks)
    assert result.positions_to_search == len(moves)


def test_the_fifth_occurrence_ends_the_game_the_third_does_not() -> None:
    """A claimable repetition is searched with its history; the automatic one is a draw even if they played on."""
    result = plan(*SHUFFLE * 4, "e2e4")
    assert [(ply, evaluation.score) for ply, evaluation in result.over] == [(16, Over(None))]
    assert result.positions_to_search == 17
    assert 17 in result.chunks[0].plies
    assert plan(*SHUFFLE * 3).over == ()


def test_fifty_moves_may_be_claimed_so_the_engine_is_asked() -> None:
    """Only 75 moves end a game by themselves."""
    result = plan("e1d1", fen="7k/8/8/8/8/8/8/4K1Q1 w - - 120 120")
    assert result.over == ()
    assert result.positions_to_search == 2


@pytest.mark.parametrize(
    ("moves", "fen", "words"),
    [
        (("e2e4", "0000"), chess.STARTING_FEN, "null move at ply 2"),
        (("e2e5",), chess.STARTING_FEN, "e2e5 at ply 1 is not legal"),
        ((), "8/8/8/8/8/8/8/8 w - - 0 1", "impossible"),
        ((), "4k3/8/8/8/8/8/8/8 w - - 0 1", "impossible"),
        ((), "4k3/4R3/8/8/8/8/8/4K3 w - - 0 1", "impossible"),
        ((), "no position", "cannot be read"),
    ],
)
def test_what_no_engine_can_be_told_is_not_judged(moves: tuple[str, ...], fen: str, words: str) -> None:
    """There is a reason and no work."""
    result = plan(*moves, fen=fen)
    assert result.not_judged is not None
    assert words in result.not_judged
    assert result.chunks == ()
    assert result.over == ()


def test_castling_is_told_in_the_games_own_way() -> None:
    """King takes rook in Chess960, the king's target otherwise, however it was written down."""
    fen = "4k3/8/8/8/8/8/8/4K2R w K - 0 1"
    for written in ("e1g1", "e1h1"):
        assert plan(written, fen=fen).chunks[0].moves == ("e1g1",)
        assert plan(written, fen=fen, chess960=True).chunks[0].moves == ("e1h1",)
