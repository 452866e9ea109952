"""Judging beyond Lichess's own vectors: edge cases of judgement.md 5.4 and the properties of 5.7."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.analysis.judge import judge_game, judge_scores
from desktop_app.analysis.phases import Division
from desktop_app.analysis.summary import summarise
from desktop_app.analysis.win_chances import win_percent_of_cp, winning_chances
from desktop_app.domain.evaluation import Cp, Mate, Over, Score
from desktop_app.domain.judgement import (
    GRADINGS,
    LICHESS,
    LICHESS_EXACT,
    STRICT_20,
    GameSummary,
    Grading,
    Judgement,
    MoveVerdict,
    OwnThresholds,
    SideSummary,
)

NOT_PLAYED = "a1a1"


def judged(
    scores: list[Score | None],
    *,
    best: list[str | None] | None = None,
    start_white: bool = True,
    standard_start: bool = False,
    legal_counts: list[int] | None = None,
    grading: Grading = LICHESS,
) -> tuple[list[MoveVerdict], GameSummary]:
    """Verdicts and summary of a game of which only scores matter; no move was the engine's choice."""
    verdicts = judge_game(
        scores=scores,
        best=best or [NOT_PLAYED] * len(scores),
        moves=["e2e4"] * (len(scores) - 1),
        start_white=start_white,
        standard_start=standard_start,
        legal_counts=legal_counts,
        grading=grading,
    )
    summary = summarise(
        scores=scores,
        verdicts=verdicts,
        division=None,
        start_white=start_white,
        standard_start=standard_start,
        grading=grading,
    )
    return verdicts, summary


def only(verdicts: list[MoveVerdict]) -> tuple[Judgement | None, str]:
    """Judgement and label of the last move."""
    return verdicts[-1].judgement, verdicts[-1].label


def test_the_score_before_the_first_move() -> None:
    """A standard game starts from +15; a game from a FEN from what the engine says of its start."""
    scores: list[Score | None] = [Cp(900), Cp(900)]
    assert judged(scores, standard_start=True)[0][0].cp_loss == 0
    assert judged([Cp(900), Cp(0)], standard_start=True)[0][0].cp_loss == 15
    assert only(judged([Cp(900), Cp(0)])[0]) == (Judgement.BLUNDER, "")


def test_a_hole_silences_its_two_moves_and_no_other() -> None:
    """Missing evaluations keep their index: later colours and losses do not shift."""
    verdicts, summary = judged([Cp(0), Cp(0), None, Cp(0), Cp(500)])
    assert [verdict.label for verdict in verdicts] == ["", "not evaluated", "not evaluated", ""]
    assert verdicts[3].judgement is Judgement.BLUNDER
    assert (summary.white.blunders, summary.black.blunders) == (0, 1)
    assert summary.black.acpl == 500


def test_an_unknown_first_choice_is_not_judged() -> None:
    """Scores alone cannot tell whether the move was the engine's own: accuracy yes, judgement no."""
    verdicts, _ = judged([Cp(0), Cp(-900)], best=[None, None])
    assert only(verdicts) == (None, "not evaluated")
    assert verdicts[0].accuracy is not None


def test_the_engines_own_choice_is_never_judged() -> None:
    """The first move of the engine's line is fine whatever the scores say, in either spelling of castling."""
    assert only(judged([Cp(0), Cp(-900)], best=["e2e4", None])[0]) == (None, "best")
    verdicts = judge_game(
        scores=[Cp(0), Cp(-900)],
        best=["e1h1", None],
        moves=["e1g1"],
        other_spelling={1: "e1h1"},
    )
    assert only(verdicts) == (None, "best")


def test_a_forced_move_is_never_judged() -> None:
    """Where one move is legal nobody erred; it still counts in accuracy and ACPL."""
    verdicts, summary = judged([Cp(0), Cp(-900)], legal_counts=[1, 30])
    assert only(verdicts) == (None, "forced")
    assert summary.white.acpl == 900


def test_the_mating_move() -> None:
    """Mate is no error, counts 100 by itself, and is in no average."""
    verdicts, summary = judged([Mate(1), Over(winner=True)])
    assert (only(verdicts), verdicts[0].accuracy) == ((None, "mate"), 100.0)
    assert summary.white == SideSummary(None, None, 0, 0, 0)


@pytest.mark.parametrize("before", [Cp(900), Mate(3)])
def test_stalemating_a_lost_side_is_a_blunder(before: Score) -> None:
    """A draw on the board counts as 0.00."""
    assert only(judged([before, Over(None)])[0]) == (Judgement.BLUNDER, "")


def test_lichess_stops_at_300_plies_we_do_not() -> None:
    """Only the exact grading cuts long games."""
    scores: list[Score | None] = [Cp(0)] * 401
    assert len(judged(scores)[0]) == 400
    exact = Grading("cut", 0.1, 0.2, 0.3, max_plies=300)
    assert len(judged(scores, grading=exact)[0]) == 300


SCORES = st.one_of(st.integers(-2000, 2000).map(Cp), st.integers(1, 30).map(Mate), st.integers(-30, -1).map(Mate))
GAMES = st.lists(st.one_of(st.none(), SCORES), min_size=1, max_size=60)


def mirrored(score: Score | None) -> Score | None:
    """The same score with colours changed."""
    match score:
        case Cp(value):
            return Cp(-value)
        case Mate(value):
            return Mate(-value)
        case _:
            return None


def rounded_side(side: SideSummary) -> tuple[float | None, ...]:
    """A side's figures, without the noise of the last bits."""
    figures = (side.accuracy, side.acpl, side.inaccuracies, side.mistakes, side.blunders)
    return tuple(None if value is None else round(value, 6) for value in figures)


@given(GAMES, st.booleans())
def test_mirrored_colours_swap_all_results(scores: list[Score | None], start_white: bool) -> None:
    """Neither colour is judged more kindly."""
    verdicts, summary = judged(scores, start_white=start_white)
    others, other = judged([mirrored(score) for score in scores], start_white=not start_white)
    assert [verdict.judgement for verdict in verdicts] == [verdict.judgement for verdict in others]
    assert rounded_side(summary.white) == rounded_side(other.black)
    assert rounded_side(summary.black) == rounded_side(other.white)


@given(SCORES, st.integers(2, 60))
def test_a_constant_game_is_faultless(score: Score, plies: int) -> None:
    """Where nothing changes there is nothing to judge, no loss, and accuracy 100."""
    _, summary = judged([score] * (plies + 1))
    assert rounded_side(summary.white) == rounded_side(summary.black) == (100.0, 0.0, 0, 0, 0)


@given(GAMES)
def test_a_mate_counts_like_ten_pawns(scores: list[Score | None]) -> None:
    """Changing +10.00 and more for a mate of the same sign changes neither accuracy nor ACPL."""
    swapped = [
        Mate(5 if score.white_cp > 0 else -5) if isinstance(score, Cp) and abs(score.white_cp) >= 1000 else score
        for score in scores
    ]
    (_, before), (_, after) = judged(scores), judged(swapped)
    for one, two in ((before.white, after.white), (before.black, after.black)):
        assert rounded_side(one)[:2] == rounded_side(two)[:2]


@given(GAMES)
def test_figures_stay_in_their_ranges(scores: list[Score | None]) -> None:
    """Accuracies are 0…100, losses never negative, whatever is missing."""
    verdicts, summary = judged(scores)
    assert len(verdicts) == len(scores) - 1
    for verdict in verdicts:
        assert verdict.accuracy is None or 0 <= verdict.accuracy <= 100
        assert verdict.cp_loss is None or verdict.cp_loss >= 0
    for side in (summary.white, summary.black):
        assert side.accuracy is None or 0 <= side.accuracy <= 100


@given(st.integers(-2000, 2000), st.integers(-2000, 2000), st.booleans())
def test_strict_20_judges_by_the_displayed_win_percent(before: int, after: int, white: bool) -> None:
    """5, 10 and 20 percentage points of win % as it is shown; beyond ten pawns nothing matters."""
    lost = (win_percent_of_cp(before) - win_percent_of_cp(after)) * (1 if white else -1)
    if min(abs(lost - bound) for bound in (5, 10, 20)) < 1e-9:
        return
    expected = Judgement.BLUNDER if lost > 20 else Judgement.MISTAKE if lost > 10 else None
    if expected is None and lost > 5:
        expected = Judgement.INACCURACY
    assert judge_scores(Cp(before), Cp(after), white=white, top_move_played=False, grading=STRICT_20) is expected


@pytest.mark.parametrize(
    ("before", "after", "strict", "lichess"),
    [
        (Cp(0), Cp(-170), Judgement.MISTAKE, Judgement.BLUNDER),
        (Mate(2), Cp(1500), None, Judgement.INACCURACY),
        (Mate(2), Cp(500), Judgement.MISTAKE, Judgement.BLUNDER),
        (Cp(-1600), Mate(-2), None, Judgement.INACCURACY),
        (Cp(1621), Cp(723), None, Judgement.INACCURACY),
        (Mate(2), Over(None), Judgement.BLUNDER, Judgement.BLUNDER),
    ],
)
def test_strict_20_beside_lichess(
    before: Score, after: Score, strict: Judgement | None, lichess: Judgement | None
) -> None:
    """The approximation differs where Lichess has 15 points, no clamp, and a table of its own for mates."""
    for grading, expected in ((STRICT_20, strict), (LICHESS, lichess)):
        assert judge_scores(before, after, white=True, top_move_played=False, grading=grading) is expected


THRESHOLDS = st.lists(st.integers(1, 999), min_size=3, max_size=3, unique=True).map(sorted)


@given(THRESHOLDS, st.integers(-2000, 2000), st.integers(-2000, 2000))
def test_own_thresholds_are_percentage_points(tenths: list[int], before: int, after: int) -> None:
    """What a user wrote as points of win % is what is compared; mates stay Lichess's."""
    own = OwnThresholds("mine", *(value / 10 for value in tenths)).grading
    lost = 50 * (winning_chances(before) - winning_chances(after))
    found = judge_scores(Cp(before), Cp(after), white=True, top_move_played=False, grading=own)
    if min(abs(lost - bound) for bound in own.points) > 1e-9:
        assert [None, *Judgement].index(found) == sum(lost > bound for bound in own.points)
    assert judge_scores(Mate(2), Cp(0), white=True, top_move_played=False, grading=own) is Judgement.BLUNDER


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("", (5, 10, 15), "characters"),
        ("  ", (5, 10, 15), "characters"),
        ("a name that is too long", (5, 10, 15), "characters"),
        ("new\nline", (5, 10, 15), "characters"),
        ("Lichess", (5, 10, 15), "choose another"),
        ("mine", (0, 10, 15), "percentage points"),
        ("mine", (5, 10, 100), "percentage points"),
        ("mine", (5, 10, 15.25), "percentage points"),
        ("mine", (5, float("nan"), 15), "percentage points"),
        ("mine", (10, 5, 15), "must lose more"),
        ("mine", (5, 15, 15), "must lose more"),
    ],
)
def test_thresholds_that_make_no_sense_are_refused(name: str, values: tuple[float, float, float], why: str) -> None:
    """A grading is valid once it exists; what is wrong with it is said in words."""
    with pytest.raises(ValueError, match=why):
        OwnThresholds(name, *values)


def test_a_stamp_tells_own_thresholds_apart_and_fits_its_column() -> None:
    """Summaries made by other thresholds of the same name are known to be stale."""
    one, two = OwnThresholds("mine", 5, 10, 20).grading, OwnThresholds("mine", 5, 10, 20.5).grading
    assert (one.stamp, two.stamp) == ("mine 5/10/20", "mine 5/10/20.5")
    assert len(OwnThresholds("x" * 16, 97.5, 98.5, 99.5).grading.stamp) <= 32
    assert [grading.stamp for grading in GRADINGS.values()] == ["lichess", "lichess_exact", "strict-20"]
    assert [grading.points for grading in GRADINGS.values()] == [(5, 10, 15), (5, 10, 15), (5, 10, 20)]
    assert all(grading.meaning for grading in (*GRADINGS.values(), one))
    assert "approximation" in STRICT_20.meaning


def test_lichess_exact_starts_every_game_from_15() -> None:
    """A lopsided FEN is judged from +0.15 there, as Lichess does; by default from the engine's own score."""
    lopsided: list[Score | None] = [Cp(900), Cp(880), Cp(880)]
    assert judged(lopsided, grading=LICHESS_EXACT)[0][0].cp_loss == 0
    assert judged([Cp(-900), Cp(-900)], grading=LICHESS_EXACT)[0][0].judgement is Judgement.BLUNDER
    assert judged([Cp(-900), Cp(-900)])[0][0].judgement is None


def test_black_moves_first_from_a_fen() -> None:
    """The first move of a game from such a FEN is Black's."""
    _, summary = judged([Cp(0), Cp(900), Cp(900)], start_white=False)
    assert (summary.white.blunders, summary.black.blunders) == (0, 1)


def test_one_colour_alone_has_no_accuracy() -> None:
    """One ply gives an ACPL for that colour and no accuracy for either; no ply gives nothing at all."""
    _, summary = judged([Cp(0), Cp(-100)])
    assert (summary.white.accuracy, summary.black.accuracy) == (None, None)
    assert (summary.white.acpl, summary.black.acpl) == (100, None)
    _, nothing = judged([Cp(0)])
    assert nothing.white == nothing.black == SideSummary(None, None, 0, 0, 0)


def test_already_lost_or_won_has_no_rule_of_its_own() -> None:
    """The curve flattens by itself: -6 to -9 is still an inaccuracy, -9 to -15 nothing (judgement.md 1.4)."""
    assert judge_scores(Cp(-600), Cp(-900), white=True, top_move_played=False) is Judgement.INACCURACY
    assert judge_scores(Cp(-900), Cp(-1500), white=True, top_move_played=False) is None


def test_phase_accuracy_uses_the_real_score_before_and_the_games_weights() -> None:
    """A phase begins with the loss of its own first move, not from +0.15, and needs two plies of a colour."""
    scores: list[Score | None] = [Cp(15), Cp(15), Cp(15), Cp(500), Cp(500), Cp(500), Cp(500), Cp(500)]
    verdicts = judge_game(scores=scores, best=[NOT_PLAYED] * 8, moves=["e2e4"] * 7, standard_start=True)
    summary = summarise(scores=scores, verdicts=verdicts, division=Division(4, 7), standard_start=True)
    opening, middlegame, endgame = summary.phases
    assert (opening.first_ply, opening.last_ply) == (1, 3)
    assert (middlegame.first_ply, middlegame.last_ply) == (4, 6)
    assert (endgame.white_accuracy, endgame.black_accuracy) == (None, None)
    # From +0.15 the middlegame's first move would be White's gain of nearly five pawns and Black's next loss of them.
    assert (middlegame.white_accuracy, middlegame.black_accuracy) == (None, 100.0)
    assert opening.white_accuracy == 100.0
