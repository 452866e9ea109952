"""Schema 0007: old analyses stay what they are, unfinished jobs of the profiles go on anytime."""

from __future__ import annotations

from sqlalchemy import text

from desktop_app.domain.evaluation import Cp, Evaluation, Mate, Pass, Stability
from desktop_app.domain.game import Ply
from desktop_app.domain.profile import Profile, SearchSpec
from desktop_app.library.backend import backend_of
from desktop_app.library.evaluation_rows import StoredPosition, evaluation_of, row_of
from desktop_app.library.library import Library
from desktop_app.library.upgrade import CURRENT, Schema, run_migrations

_OLD = (
    (
        "INSERT INTO game (identity, batch_id, white, black, result, date, event, site, round, time_control, "
        "termination, eco, opening, variant, ply_count, moves, state, speed, analysis_id) "
        "VALUES (:identity, NULL, 'So', 'Nepo', '1-0', "
        "'2021.10.05', '', '', '1', '', '', '', '', 'chess', 1, :moves, 'analysed', '', 1)"
    ),
    "INSERT INTO engine (id, name, build, options) VALUES (1, 'Stockfish 15.1', 'b', '[[\"Hash\", \"16\"]]')",
    (
        "INSERT INTO analysis (id, game_id, engine_id, profile, limit_nodes, reproducible, complete, updated_at) "
        "VALUES (1, 1, 1, 'standard', 250000, FALSE, TRUE, 1.0)"
    ),
    (
        "INSERT INTO evaluation (analysis_id, ply, position_key, engine_id, white_cp, depth, nodes, best, pv, "
        "engine_ms, reused) VALUES (1, 0, 7, 1, 33, 20, 250011, 'e2e4', 'e2e4', 400, FALSE)"
    ),
    (
        "INSERT INTO job (id, state, engine_path, profile, limit_nodes, reproducible, workers, created_at) "
        "VALUES (1, 'queued', 'x', 'standard', 250000, FALSE, 1, 1.0)"
    ),
    (
        "INSERT INTO job (id, state, engine_path, profile, limit_nodes, reproducible, workers, created_at) "
        "VALUES (2, 'queued', 'x', 'custom', 5000, TRUE, 1, 1.0)"
    ),
    (
        "INSERT INTO job (id, state, engine_path, profile, limit_nodes, reproducible, workers, created_at) "
        "VALUES (3, 'done', 'x', 'deep', 857142, FALSE, 1, 1.0)"
    ),
)


def test_an_old_library_keeps_its_analyses(location: str) -> None:
    """A fixed analysis is shown with its limit, is evidence of that depth, and open profile jobs go on anytime."""
    backend = backend_of(location)
    with backend.creating() as connection:
        run_migrations(connection, Schema("0006", CURRENT.versions))
        for statement in _OLD:
            values = {"identity": bytes(16), "moves": b"12"} if ":moves" in statement else {}
            connection.execute(text(statement), values)
        backend.sign(connection, "0006")
    with Library.open(location) as library:
        found = library.evaluations.of_game(1)  # type: ignore[arg-type]  # the game's id
        assert found is not None
        assert (found.complete, found.spec, found.nodes_each) == (
            True,
            SearchSpec(Profile.STANDARD, 250_000, reproducible=False),
            250_000,
        )
        assert found.asked == {Ply(0): 250_000}
        assert found.evaluations[Ply(0)].passes == ()
        shared = library.evaluations.reusable([7], found.engine, 250_000)  # type: ignore[list-item]  # a position key
        assert [evidence.asked for evidence in shared.values()] == [250_000]
        jobs = {job.id: job.spec for job in library.jobs.unfinished()}
        assert jobs == {1: SearchSpec.of_profile(Profile.STANDARD), 2: SearchSpec.of_nodes(5000)}


class _Row:
    """A row as SQLAlchemy gives it."""

    def __init__(self, values: dict[str, object]) -> None:
        self.__dict__.update(values)


def test_passes_come_back_as_they_were_stored() -> None:
    """Earlier searches and steadiness survive their compact column; an evaluation without them needs none."""
    passes = (
        Pass(Cp(-12), 9, 20_001, "e7e5", Stability(800, 30)),
        Pass(Mate(-3), 12, 120_002, None, None),
    )
    deep = Evaluation(Mate(-2), 30, 480_003, "d8h4", ("d8h4",), 900, Stability(1000, 0), passes)
    plain = Evaluation(Cp(5), 9, 1000, "e2e4", ("e2e4",))
    for evaluation in (deep, plain):
        row = row_of(StoredPosition(Ply(3), evaluation, None, asked=480_000), 1, 1)
        assert evaluation_of(_Row(row)) == evaluation  # type: ignore[arg-type]  # as good as a row
    assert row_of(StoredPosition(Ply(3), plain, None), 1, 1)["passes"] is None
