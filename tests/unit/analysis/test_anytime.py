"""The anytime planner: it spends where a verdict can still change, never beyond its allowance, and comes to an end."""

from __future__ import annotations

import random
from dataclasses import replace
from operator import mul
from typing import TYPE_CHECKING

import chess
import pytest

from desktop_app.analysis.anytime import POLICIES, Policy, Want, is_settled, wanted
from desktop_app.analysis.confidence import confidence, is_sure, noise_features
from desktop_app.analysis.confidence_model import ALL, FIRST, SECOND, Model
from desktop_app.analysis.review import Mainline
from desktop_app.domain.evaluation import Cp, Evaluation, Mate, Over, Score, Stability
from desktop_app.domain.game import Ply
from desktop_app.domain.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping

MOVES = ["e2e4", "e7e5", "g1f3", "b8c6", "f1b5", "a7a6", "b5a4", "g8f6", "e1g1", "f8e7", "f1e1", "b7b5", "a4b3", "d7d6"]
MOVES += ["c2c3", "e8g8"]
LINE = Mainline.walk(chess.STARTING_FEN, MOVES, chess960=False)
STANDARD = POLICIES[Profile.STANDARD]


def evaluations(scores: list[Score], nodes: int, best: str = "a2a3") -> dict[Ply, Evaluation]:
    """One evaluation a position; the engine's choice is never the move played unless told."""
    return {
        Ply(ply): Evaluation(score, 20, 0 if isinstance(score, Over) else nodes, best, (best,))
        for ply, score in enumerate(scores)
    }


def quiet(nodes: int) -> dict[Ply, Evaluation]:
    """Nothing ever happens."""
    return evaluations([Cp(15)] * LINE.positions, nodes)


def searched(known: Mapping[Ply, Evaluation], wants: tuple[Want, ...], rng: random.Random) -> dict[Ply, Evaluation]:
    """What an engine might answer."""
    answer = dict(known)
    for want in wants:
        score: Score = Mate(rng.choice([-3, 4])) if rng.random() < 0.05 else Cp(rng.randint(-400, 400))
        found = Evaluation(score, 20, want.limit_nodes + rng.randint(-50, 50), "a2a3", ("a2a3",))
        answer[want.ply] = found.deepening(known.get(want.ply))
    return answer


@pytest.mark.parametrize("policy", POLICIES.values(), ids=list(POLICIES))
def test_everything_gets_its_thin_pass_first(policy: Policy) -> None:
    """Last ply first, all with the thin limit; plies that are known are left out."""
    known = {Ply(3): quiet(policy.thin_nodes)[Ply(3)]}
    wants = wanted(LINE, known, policy)
    assert [want.ply for want in wants] == [ply for ply in range(16, -1, -1) if ply != 3]
    assert {want.limit_nodes for want in wants} == {policy.thin_nodes}


@pytest.mark.parametrize("policy", POLICIES.values(), ids=list(POLICIES))
def test_perfect_evidence_is_settled(policy: Policy) -> None:
    """Far from every threshold, steady and deep: nothing is asked for, and all is sure."""
    deep = quiet(policy.cap_nodes)
    assert wanted(LINE, deep, policy) == ()
    assert is_settled(LINE, deep, policy)
    assert all(is_sure(stands) for stands in confidence(LINE, deep).values())


@pytest.mark.parametrize("policy", POLICIES.values(), ids=list(POLICIES))
@pytest.mark.parametrize("seed", range(10))
def test_rounds_end_within_the_allowance(policy: Policy, seed: int) -> None:
    """Whatever the engine says: one limit a round, never a search no deeper than before, never more than allowed."""
    rng = random.Random(seed)  # noqa: S311 - a repeatable test, no secret
    known: dict[Ply, Evaluation] = {}
    for _ in range(200):
        wants = wanted(LINE, known, policy)
        if not wants:
            break
        assert len({want.limit_nodes for want in wants}) == 1
        assert [want.ply for want in wants] == sorted({want.ply for want in wants}, reverse=True)
        assert all(want.limit_nodes <= policy.cap_nodes for want in wants)
        assert all(want.ply not in known or want.limit_nodes > known[want.ply].nodes for want in wants)
        known = searched(known, wants, rng)
    else:
        pytest.fail("no end")
    spent = sum(found.nodes_spent for found in known.values())
    assert spent <= policy.mean_nodes * LINE.positions + 50 * 200


def test_the_next_search_goes_as_deep_as_the_doubt_asks_but_no_step_is_too_long() -> None:
    """Mild doubt buys a short second look, strong doubt skips it; the longest looks come after a long one only."""
    policy = Policy((20_000, 50_000, 120_000, 480_000), (0.1, 0.2, 0.4), 200_000)
    asked = {doubt: policy.next_limit(20_000, doubt) for doubt in (0.1, 0.15, 0.3, 0.9)}
    assert asked == {0.1: 0, 0.15: 50_000, 0.3: 120_000, 0.9: 120_000}
    assert [policy.next_limit(50_000, doubt) for doubt in (0.15, 0.3)] == [0, 120_000]
    assert [policy.next_limit(120_000, doubt) for doubt in (0.3, 0.9)] == [0, 480_000]
    assert policy.next_limit(480_000, 0.9) == 0


def test_both_sides_of_a_doubtful_move_are_deepened() -> None:
    """A loss at a threshold: the position before and the one after it."""
    known = quiet(STANDARD.thin_nodes)
    for ply in range(8, LINE.positions):
        known[Ply(ply)] = evaluations([Cp(15 + 55)] * LINE.positions, STANDARD.thin_nodes)[Ply(ply)]
    plies = {want.ply for want in wanted(LINE, known, STANDARD)}
    assert {7, 8} <= plies


def test_finished_positions_are_never_searched() -> None:
    """A draw on the board is a fact."""
    scores: list[Score] = [Cp(15)] * (LINE.positions - 1) + [Over(None)]
    scores[-2] = Cp(65)
    wants = wanted(LINE, evaluations(scores, STANDARD.thin_nodes), STANDARD)
    assert LINE.positions - 1 not in {want.ply for want in wants}


@pytest.mark.parametrize("seed", range(5))
def test_colours_are_treated_alike(seed: int) -> None:
    """The same game with colours exchanged wants the same searches (start from a FEN: no fixed first score)."""
    rng = random.Random(seed)  # noqa: S311 - a repeatable test, no secret
    whites = "4k3/pppppppp/8/8/8/8/PPPPPPPP/4K3 w - - 0 1"
    moves = ["e2e4", "d7d5", "e4d5", "c7c6", "d5c6", "b7c6"]
    mirrored = [chess.Move.from_uci(uci) for uci in moves]
    swapped = [
        chess.Move(chess.square_mirror(move.from_square), chess.square_mirror(move.to_square)).uci()
        for move in mirrored
    ]
    line = Mainline.walk(whites, moves, chess960=False)
    other = Mainline.walk(chess.Board(whites).mirror().fen(), swapped, chess960=False)
    cps = [rng.randint(-300, 300) for _ in range(7)]
    ours = wanted(line, evaluations([Cp(cp) for cp in cps], 20_000), STANDARD)
    theirs = wanted(other, evaluations([Cp(-cp) for cp in cps], 20_000), STANDARD)
    assert ours == theirs


@pytest.mark.parametrize("nodes", [20_000, 120_000, 480_000])
@pytest.mark.parametrize("model", [ALL, FIRST, SECOND], ids=["all", "first", "second"])
def test_confidence_grows_with_distance(nodes: int, model: Model) -> None:
    """The farther a loss lies below the lowest threshold, the surer it is that nothing will be said of the move."""
    line = Mainline.walk("4k3/pppppppp/8/8/8/8/PPPPPPPP/4K3 w - - 0 1", ["e2e4"], chess960=False)

    def at(loss_cp: int) -> float:
        found = evaluations([Cp(20), Cp(20 - loss_cp)], nodes)
        found = {ply: replace(of, stability=Stability(800, 12)) for ply, of in found.items()}
        return confidence(line, found, model=model)[Ply(1)]

    losses = [50, 40, 30, 20, 10, 0]
    sure = [at(loss) for loss in losses]
    assert sure == sorted(sure)


@pytest.mark.parametrize("model", [ALL, FIRST, SECOND], ids=["all", "first", "second"])
def test_noise_shrinks_with_nodes_and_grows_with_spread(model: Model) -> None:
    """What the odds are measured in: fewer nodes and restless scores mean more noise."""

    def noise(nodes: int, spread_cp: int) -> float:
        search = Evaluation(Cp(60), 20, nodes, "a2a3", (), stability=Stability(800, spread_cp))
        return sum(map(mul, model.noise, noise_features(search)))

    assert noise(20_000, 20) > noise(100_000, 20) > noise(1_000_000, 20)
    assert noise(20_000, 80) > noise(20_000, 20) > noise(20_000, 0)


def test_facts_are_certain() -> None:
    """A forced move and a mating move need no engine; a move without its evaluations has no confidence."""
    moves = ["f2f3", "e7e5", "g2g4", "d8h4"]
    line = Mainline.walk(chess.STARTING_FEN, moves, chess960=False)
    found = evaluations([Cp(0), Cp(-100), Cp(-60), Mate(-1), Over(winner=False)], 20_000)
    assert confidence(line, found)[Ply(4)] == 1.0
    del found[Ply(1)]
    assert set(confidence(line, found)) == {3, 4}
