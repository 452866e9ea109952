"""The proof of the verdicts: what it is measured against, and that agreement is counted rightly."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from desktop_app.bench.verdict_reference import ReferenceGame, read_reference
from desktop_app.bench.verdict_scores import (
    BLUNDERS,
    JUDGED,
    GameScore,
    Verdict,
    against,
    calibration,
    difference,
    f1,
    score_game,
    summary,
)
from desktop_app.domain.evaluation import Cp, Over


@lru_cache(maxsize=1)
def reference() -> list[ReferenceGame]:
    """Walked once for all tests."""
    return read_reference()[1]


def game_of(*verdicts: tuple[int, int, float]) -> GameScore:
    """A game of these severities (ours, deep) and confidences."""
    return GameScore(tuple(Verdict(ours, deep, stands, near=False) for ours, deep, stands in verdicts), (1.0,), 10, 1)


def test_the_reference_is_what_it_says() -> None:
    """At least 24 games from 900 to 2500, every position deep or finished, halves that differ by one game at most."""
    heading, games = read_reference()
    assert heading["nodes"] == 3_000_000
    assert len(games) >= 24
    assert min(game.rating for game in games) < 900
    assert max(game.rating for game in games) > 2500
    assert abs(sum(1 if game.first_half else -1 for game in games)) <= 1
    for game in games:
        assert len(game.deep) == game.line.positions
        assert all(isinstance(found.score, Over) or found.nodes > 0 for found in game.deep.values())


def test_the_reference_agrees_with_itself() -> None:
    """Perfect agreement is 1, without an error."""
    scores = [score_game(game, game.deep, 5 * game.line.positions) for game in reference()]
    assert summary(scores) == {
        "nodes_per_position": 5,
        "f1_judged": 1.0,
        "f1_mistakes": 1.0,
        "f1_blunders": 1.0,
        "win_percent_error": 0.0,
    }
    assert difference(scores, scores) == (0.0, 0.0, 0.0)


def test_other_evaluations_agree_less() -> None:
    """A game in which nothing happens misses every judged move of the reference."""
    game = reference()[0]
    flat = {ply: replace(found, score=Cp(15), best="a1a1") for ply, found in game.deep.items()}
    score = score_game(game, flat, 0)
    assert f1([score], JUDGED) == 0.0
    assert sum(score.errors) > 0


def test_f1_counts_hits_and_misses() -> None:
    """Two of three moves that we judged are rightly judged, and one is missed: F1 is 2/3; severity counts by itself."""
    game = game_of((1, 2, 1.0), (3, 3, 1.0), (1, 0, 1.0), (0, 1, 1.0), (0, 0, 1.0))
    assert f1([game], JUDGED) == 2 * 2 / 6
    assert f1([game], BLUNDERS) == 1.0


def test_calibration_counts_sure_verdicts_apart() -> None:
    """Only what is marked sure must agree."""
    game = game_of((0, 0, 0.99), (0, 1, 0.5), (2, 1, 0.95), (1, 0, 0.6))
    found = calibration([game])
    assert (found["sure_share"], found["sure_agree"]) == (0.5, 1.0)
    assert (found["sure_share_of_judged"], found["sure_judged_agree"]) == (0.5, 1.0)
    assert found["sure_judged_same_severity"] == 0.0
    assert found["not_sure_agree"] == 0.0


def test_verdicts_can_be_held_against_another_search() -> None:
    """Confidence is a promise about ten times the nodes, which are not always those of the reference."""
    game = game_of((0, 0, 0.99), (2, 1, 0.95))
    found = calibration(against([game], [(1, 2)]))
    assert found["sure_agree"] == 0.5
    assert found["sure_judged_same_severity"] == 1.0
