"""Folders of endgame tables: what is there, what is missing, what is no table."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import chess
import pytest

from desktop_app.analysis.win_chances import win_percent
from desktop_app.domain.engine_setup import EngineSetup
from desktop_app.domain.evaluation import CP_CEILING, Cp, to_cp
from desktop_app.engine.discovery import find_engine
from desktop_app.engine.session import EngineSession
from desktop_app.engine.syzygy import tables_in

if TYPE_CHECKING:
    from pathlib import Path

TABLE = b"\x71\xe8\x23\x5d and more"
KQ_KR = "8/8/8/4k3/8/8/1Q6/K6r w - - 0 1"
"""Queen against rook: won, far beyond what a thousand nodes find by themselves."""


def test_tables_are_counted_by_men_and_gaps_are_named(tmp_path: Path) -> None:
    """Also tables without their .rtbz, and files that are no tables whatever they are called."""
    (tmp_path / "KQvK.rtbw").write_bytes(TABLE)
    (tmp_path / "KQvK.rtbz").write_bytes(b"z")
    (tmp_path / "KRvK.rtbw").write_bytes(TABLE)
    (tmp_path / "KPvK.rtbw").write_bytes(b"<html>")
    (tmp_path / "notes.txt").write_text("mine")
    found = tables_in(str(tmp_path))
    assert found.by_men == ((3, 2),)
    assert found.missing == ("KBvK", "KNvK", "KPvK")
    assert found.without_distance == ("KRvK",)
    assert found.broken == ("KPvK.rtbw",)
    assert "2 with 3 men" in found.text
    assert "Missing: KBvK" in found.text


def test_no_folder_and_no_tables_are_told(tmp_path: Path) -> None:
    """A sentence, never an exception; no digest, so no other identity."""
    for folder, words in ((tmp_path / "none", "cannot be read"), (tmp_path, "no Syzygy tables")):
        found = tables_in(str(folder))
        assert found.count == 0
        assert found.digest == ""
        assert words in found.text


def test_several_folders_make_one_set(tmp_path: Path) -> None:
    """As engines take them: joined by the system's path separator; the same tables, the same digest."""
    for number, name in enumerate(("KQvK", "KRvK")):
        for folder in (tmp_path / str(number), tmp_path / "all"):
            folder.mkdir(exist_ok=True)
            (folder / f"{name}.rtbw").write_bytes(TABLE)
    split = tables_in(os.pathsep.join((str(tmp_path / "0"), str(tmp_path / "1"))))
    assert split.count == 2
    assert split.digest == tables_in(str(tmp_path / "all")).digest


@pytest.mark.corpus
def test_real_tables_are_whole(corpus: Path) -> None:
    """The three- and four-man tables."""
    found = tables_in(str(corpus / "syzygy"))
    assert found.by_men == ((3, 5), (4, 30))
    assert not found.missing
    assert not found.broken


@pytest.mark.corpus
@pytest.mark.engine
def test_an_engine_uses_the_tables_and_its_score_is_judged_as_won(corpus: Path) -> None:
    """A solved endgame gives a tablebase score at once; it clamps like any winning score, and is another identity."""
    path = find_engine(None)
    asked = {"root_fen": KQ_KR, "moves": (), "chess960": False, "limit_nodes": 2000}
    plain = EngineSession.open(path, hash_mb=16)
    try:
        without = plain.evaluate(**asked)  # type: ignore[arg-type]  # one dict for four keywords
    finally:
        plain.close()
    session = EngineSession.open(path, hash_mb=16, setup=EngineSetup(syzygy=str(corpus / "syzygy")))
    try:
        said: list[bytes] = []
        session._position.reach(KQ_KR, (), chess960=False)
        session._go(2000, 1, said.append)
        found = session.evaluate(**asked)  # type: ignore[arg-type]  # as above
    finally:
        session.close()
    assert any(b" tbhits " in line and b" tbhits 0 " not in line for line in said)
    assert isinstance(found.score, Cp)
    assert found.score.white_cp > 5 * CP_CEILING
    assert found.score != without.score
    assert to_cp(found.score) == CP_CEILING
    assert win_percent(found.score) == win_percent(Cp(CP_CEILING))
    assert session.identity != plain.identity
    assert chess.Board(KQ_KR).parse_uci(found.best or "")
