"""Who searches for `kibitz analyse`: engines of this computer, an analysis server, or both. Main thread."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app import paths
from desktop_app.domain.engine_setup import PLAIN, EngineSetup
from desktop_app.errors import EnvironmentLackingError, ServerIncompatibleError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.ports import Evaluator
    from desktop_app.remote.client import ServerClient
    from desktop_app.services.remote_job import RemotePlan
    from desktop_app.settings import Settings

_PATIENCE_S = 30.0
TOKEN_VARIABLE = "KIBITZ_TOKEN"  # noqa: S105 - the variable's name


@dataclass(frozen=True, slots=True)
class Searchers:
    """What a batch is given: engines here (0 for none) with their program, whose evaluations, and the server."""

    workers: int
    engine_path: str
    identity: EngineIdentity
    remote: RemotePlan | None
    setup: EngineSetup = PLAIN


def searchers_of(arguments: Namespace, settings: Settings) -> Searchers:
    """As typed, else as set. `--server` means the server alone, with `--workers` both.

    Raises what finding an engine or asking the server raises, and ServerIncompatibleError where both are wanted and
    their engines differ.
    """
    from desktop_app.engine.discovery import find_engine, identify
    from desktop_app.settings import Place

    named = getattr(arguments, "server", None)
    address = (
        named or os.environ.get("KIBITZ_SERVER") or (settings.server if settings.place is not Place.HERE else None)
    )
    both = bool(arguments.workers) if named or os.environ.get("KIBITZ_SERVER") else settings.place is Place.BOTH
    workers = arguments.workers or settings.effective_workers
    if not address:
        path = find_engine(_named(arguments, settings))
        setup = _setup(arguments, settings, path)
        return Searchers(workers, path, identify(path, setup=setup), None, setup)
    return _with_server(arguments, settings, address, workers=workers if both else 0)


def _with_server(arguments: Namespace, settings: Settings, address: str, *, workers: int) -> Searchers:
    from desktop_app.engine.discovery import identify
    from desktop_app.services.remote_job import RemotePlan, same_engine, server_identity

    token = _token(getattr(arguments, "token_file", None), address)
    path = _own_engine(_named(arguments, settings))
    own = identify(path) if path else None  # as it comes: a server's engines have no options of ours
    client = _client(address, token)
    try:
        theirs = server_identity(client, patience_s=_PATIENCE_S)
    finally:
        client.close()
    if workers and own is None:
        raise EnvironmentLackingError("There is no engine on this computer.", action="Leave --workers out.")
    if workers and own is not None and not same_engine(own, theirs):
        raise ServerIncompatibleError(
            f"The server's engine is {theirs.name} (build {theirs.build[:8]}), this computer's {own.name} "
            f"(build {own.build[:8]}): their results are never mixed.",
            action="Leave --workers out to use the server alone, or --server to use this computer alone.",
        )

    def find_checker(identity: EngineIdentity) -> Callable[[int], Evaluator] | None:
        return _opener(path) if own is not None and same_engine(own, identity) else None

    plan = RemotePlan(
        open_client=lambda: _client(address, token),
        find_checker=find_checker,
        most_lanes=settings.server_chunks,
        share=1 / settings.spot_checks if settings.spot_checks else 0.0,
    )
    return Searchers(workers, path if workers else "", own if workers and own is not None else theirs, plan)


def _named(arguments: Namespace, settings: Settings) -> str | None:
    """The engine asked for, by path or by its name in the list."""
    named = next((one.path for one in settings.engines if one.name == arguments.engine), arguments.engine)
    return named or settings.engine_path


def _setup(arguments: Namespace, settings: Settings, path: str) -> EngineSetup:
    setup = settings.engine_setup(path)
    if arguments.syzygy:
        return EngineSetup(setup.options, "" if arguments.syzygy == "none" else arguments.syzygy)
    return setup


def _client(address: str, token: str) -> ServerClient:
    from desktop_app.remote.client import ServerClient

    return ServerClient(address, token)


def _opener(path: str) -> Callable[[int], Evaluator]:
    from desktop_app.engine.session import EngineSession

    return lambda hash_mb: EngineSession.open(path, hash_mb=hash_mb)


def _own_engine(wanted: str | None) -> str:
    """This computer's engine, "" without one: a server needs none, but spot checks do."""
    from desktop_app.engine.discovery import find_engine

    try:
        return find_engine(wanted)
    except EnvironmentLackingError:
        return ""


def _token(file: str | None, address: str) -> str:
    """From the file named, else the environment, else where the window keeps it; "" without one."""
    from desktop_app.remote.address import server_address
    from desktop_app.remote.token_store import TokenStore, token_from_file

    if file:
        return token_from_file(file)
    if os.environ.get(TOKEN_VARIABLE):
        return os.environ[TOKEN_VARIABLE]
    kept = TokenStore(paths.config_dir() / "tokens.json").get(server_address(address))
    return kept[0] if kept else ""
