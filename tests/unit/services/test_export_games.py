"""Exports: complete files or none, everything of the human's, and a way back into an empty library."""

from __future__ import annotations

import io
import resource
import signal
import sys
from typing import TYPE_CHECKING

import chess.pgn
import pytest

from desktop_app.domain.evaluation import Cp, EngineIdentity, Evaluation, Score
from desktop_app.domain.filters import GameQuery
from desktop_app.domain.game import GameId, GameState, Ply
from desktop_app.domain.moves import unpack_moves
from desktop_app.domain.profile import AnalysisKey, SearchSpec
from desktop_app.errors import CancelledError, DiskFullError, EnvironmentLackingError
from desktop_app.library.evaluations import ChunkToStore, StoredPosition
from desktop_app.library.library import Library
from desktop_app.pgn.tree import human_annotations
from desktop_app.services.export_games import export_games, game_pgn
from desktop_app.services.import_games import import_sources, import_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from desktop_app.domain.game import GameRecord

_GAMES = (
    '[Event "One"]\n[White "Amateur \\"A\\""]\n[Black "Müller"]\n[Result "0-1"]\n\n'
    "{ Before. } 1. f3 $2 { [%clk 0:05:00] my words } ( 1. e4 { better } e5 ( 1... c5 ) ) 1... e5 2. g4?? Qh4# 0-1\n\n"
    '[Event "Two"]\n[White "a"]\n[Black "b"]\n[Result "*"]\n\n1. d4 { [%eval 0.2] } d5 2. c4 *\n\n'
    '[Event "Three"]\n[White "c"]\n[Black "d"]\n[Variant "Martian"]\n[Result "*"]\n\n1. Zz9 Qq8 { odd } *\n\n'
    '[Event "Four"]\n[White "e"]\n[Black "f"]\n[Result "*"]\n\n1. e4 e5 { never closed\n'
)
_ENGINE = EngineIdentity("Stockfish 15.1", "0123456789abcdef")
_KEY = AnalysisKey(_ENGINE, SearchSpec.of_nodes(2_000))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library with four games; the first is analysed, the second in part."""
    with Library.open(tmp_path / "library.kibitz") as opened:
        import_text(opened, _GAMES, workers=0)
        ids = _ids(opened)
        _store(opened, ids[0], {0: Cp(20), 1: Cp(-60), 2: Cp(-50), 3: Cp(-2000)}, best="e2e4")
        _store(opened, ids[1], {1: Cp(31), 2: Cp(28)}, best="d2d4")
        yield opened


def _ids(library: Library) -> list[GameId]:
    return sorted(GameId(found) for found in library.games.ids(GameQuery()))


def _store(library: Library, game_id: GameId, scores: dict[int, Score], *, best: str) -> None:
    """Put evaluations into the library the way a worker's chunk gets there."""
    job = library.jobs.create([game_id], engine_path="stockfish", spec=_KEY.spec, workers=1)
    (item,) = library.jobs.items(job)
    positions = tuple(
        StoredPosition(Ply(ply), Evaluation(score, 12, 2_000, best, (best, "e7e5", "g1f3")), None)
        for ply, score in scores.items()
    )
    total = library.games.get(game_id).record.ply_count + 1
    library.evaluations.store_chunk(ChunkToStore(item.id, game_id, _KEY, positions, total, None, "lichess"))


def test_an_export_holds_every_game_and_reads_everywhere(library: Library, tmp_path: Path) -> None:
    """All games in order; python-chess finds the scores; a broken or strange game spoils no neighbour."""
    out = tmp_path / "out.pgn"
    report = export_games(library, _ids(library), out)
    assert (report.games, report.annotated, report.missing) == (4, 2, 0)
    text = out.read_text(encoding="utf-8")
    assert text.count("[Event ") == 4
    assert "1. Zz9 Qq8 { odd } *" in text
    stream = io.StringIO(text)
    first, second = chess.pgn.read_game(stream), chess.pgn.read_game(stream)
    assert first is not None
    assert second is not None
    assert first.headers["Black"] == "Müller"
    move = first.next()
    assert move is not None
    evaluation = move.eval()
    assert evaluation is not None
    assert evaluation.white() == chess.engine.Cp(-60)
    assert move.clock() == 300
    assert "my words" in move.comment
    assert move.nags == {2}
    last = first.end().parent
    assert last is not None
    assert last.nags == {4}
    assert "[%kibitz eval blunder" in last.comment
    assert "[%eval" not in first.end().comment
    partial = second.next()
    assert partial is not None
    assert partial.eval() is not None


def test_the_way_back_into_an_empty_library(library: Library, tmp_path: Path) -> None:
    """Re-imported, games and the human's layer are the same; our scores are imported evidence; nothing is analysed."""
    out, again = tmp_path / "out.pgn", tmp_path / "again.pgn"
    export_games(library, _ids(library), out)
    with Library.open(tmp_path / "other.kibitz") as other:
        receipt = import_sources(other, [out], workers=0)
        assert (receipt.read, receipt.imported) == (4, 4)
        for before_id, after_id in zip(_ids(library), _ids(other), strict=True):
            before, after = library.games.get(before_id), other.games.get(after_id)
            assert after.record.headers == before.record.headers
            assert after.record.moves == before.record.moves
            assert after.row.state is GameState.UNANALYSED
            human, found = human_annotations(before.record), human_annotations(after.record)
            assert [item.comment for item in found] == [item.comment for item in human]
            assert [item.nags for item in found] == [item.nags for item in human]
            assert [item.variations for item in found] == [item.variations for item in human]
        scores = [
            item.eval.score if item.eval else None for item in human_annotations(other.games.get(_ids(other)[0]).record)
        ]
        assert scores == [Cp(20), Cp(-60), Cp(-50), Cp(-2000), None]
        export_games(other, _ids(other), again)
        assert import_sources(library, [again], workers=0).duplicates == 4


def test_stopping_leaves_the_old_file(library: Library, tmp_path: Path) -> None:
    """A stopped export changes nothing and leaves nothing behind."""

    class Stop:
        def cancelled(self) -> bool:
            return True

    folder = tmp_path / "folder"
    folder.mkdir()
    out = folder / "out.pgn"
    out.write_text("old")
    with pytest.raises(CancelledError):
        export_games(library, _ids(library), out, cancel=Stop())
    assert out.read_text() == "old"
    assert list(folder.iterdir()) == [out]


def test_progress_counts_games(library: Library, tmp_path: Path) -> None:
    """Progress goes from nothing to all."""
    seen = []

    class Sink:
        def progress(self, done: int, total: int, text: str) -> None:
            assert text
            seen.append((done, total))

    export_games(library, _ids(library), tmp_path / "out.pgn", progress=Sink())
    assert seen[0] == (0, 4)
    assert seen[-1] == (4, 4)


def test_games_that_are_gone_are_counted(library: Library, tmp_path: Path) -> None:
    """A game removed meanwhile does not spoil the export of the others."""
    report = export_games(library, [_ids(library)[0], GameId(99_999)], tmp_path / "out.pgn")
    assert (report.games, report.missing) == (1, 1)


def test_a_folder_that_is_not_there_is_said_in_words(library: Library, tmp_path: Path) -> None:
    """The sentence names the file."""
    with pytest.raises(EnvironmentLackingError, match=r"out\.pgn cannot be written"):
        export_games(library, _ids(library), tmp_path / "nowhere" / "out.pgn")


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE is POSIX")
def test_a_full_disk_leaves_the_old_file(library: Library, tmp_path: Path) -> None:
    """When the disk is full the old file stays and no half file is left."""
    folder = tmp_path / "folder"
    folder.mkdir()
    out = folder / "out.pgn"
    out.write_text("old")
    ids = _ids(library) * 40
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(DiskFullError, match="no room"):
            export_games(library, ids, out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, previous)
    assert out.read_text() == "old"
    assert list(folder.iterdir()) == [out]


def test_one_game_for_the_clipboard(library: Library) -> None:
    """The same text as in the file."""
    game_id = _ids(library)[0]
    text = game_pgn(library, game_id)
    assert text.startswith('[Event "One"]')
    assert "[%kibitz eval blunder" in text
    assert len(unpack_moves(library.games.get(game_id).record.moves)) == 4


@pytest.mark.corpus
def test_real_games_come_back_the_same(corpus: Path, tmp_path: Path) -> None:
    """Evaluated, annotated and torture games: headers, moves and the human's layer survive export and re-import."""
    paths = [*sorted((corpus / "evals").glob("*.pgn")), *sorted((corpus / "pgn_edge" / "kokopu").rglob("*.pgn"))]
    with Library.open(tmp_path / "first.kibitz") as first, Library.open(tmp_path / "second.kibitz") as second:
        imported = import_sources(first, paths, workers=0).imported
        assert imported > 150
        for game_id in _ids(first):
            record = first.games.get(game_id).record
            if record.not_judged is None:
                scores: dict[int, Score] = {ply: Cp(10 * ply) for ply in range(0, record.ply_count, 2)}
                _store(first, game_id, scores, best="a2a3")
        export_games(first, _ids(first), tmp_path / "out.pgn")
        assert import_sources(second, [tmp_path / "out.pgn"], workers=0).imported == imported
        for one, two in zip(_ids(first), _ids(second), strict=True):
            before, after = first.games.get(one).record, second.games.get(two).record
            assert (after.headers, after.moves) == (before.headers, before.moves)
            assert _human(after) == _human(before)


def _human(record: GameRecord) -> list[object]:
    return [(item.comment, item.nags, item.variations, item.clock_s) for item in human_annotations(record)]
