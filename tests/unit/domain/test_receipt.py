"""Receipts: what the command line prints and the library stores."""

from __future__ import annotations

from desktop_app.domain.game import site_id
from desktop_app.domain.receipt import Problem, ProblemKind, Receipt


def test_receipt_json_has_the_shape_scripts_rely_on() -> None:
    """Names and nesting are those of the command line's contract; read is the sum of the three."""
    problem = Problem("a.pgn", 3, 40, 1200, ProblemKind.REJECTED, "Line 44: illegal move.", {"White": "A"}, "1. e5")
    receipt = Receipt(5, 2, 1, 1, 0.25, 0, (problem,))
    shape = receipt.to_json()
    assert shape["read"] == 8 == shape["imported"] + shape["duplicates"] + shape["rejected"]
    assert {"repaired", "seconds", "bytes_unaccounted"} <= shape.keys()
    assert shape["problems"] == [
        {
            "source": "a.pgn",
            "game_index": 3,
            "line": 40,
            "byte_offset": 1200,
            "kind": "rejected",
            "reason": "Line 44: illegal move.",
            "headers": {"White": "A"},
        }
    ]


def test_only_a_games_own_page_is_its_id() -> None:
    """Broadcasts, studies, tournaments and tools are pages of many games and must not make them one."""
    base = "https://lichess.org/"
    assert site_id({"Site": base + "AbCd1234"}) == "lichess:AbCd1234"
    assert site_id({"Site": base + "AbCd1234wxyz/black#12"}) == "lichess:AbCd1234"
    for page in (
        "broadcast/some-open/round-1/abcdefgh",
        "study/abcdefgh/ijklmnop",
        "tournament/abcdefgh",
        "training",
        "practice/x",
        "analysis",
        "AbCd1234/other",
        "AbCd12345",
    ):
        assert site_id({"Site": base + page}) == "", page


def test_chess_com_links_of_both_forms_are_ids() -> None:
    """Old and new links of one game are one id; other games are others."""
    base = "https://www.chess.com/"
    for link in ("live/game/5225179624", "game/live/5225179624", "analysis/game/live/5225179624?tab=review"):
        assert site_id({"Link": base + link}) == "chess.com:live/5225179624", link
    assert site_id({"Link": base + "game/daily/17"}) == "chess.com:daily/17"
    assert site_id({"Link": base + "member/live"}) == ""
