"""`kibitz engine`: the list of engines, what is chosen for each, and the official build for this processor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desktop_app import paths
from desktop_app.cli import output
from desktop_app.cli.interrupt import Interrupt
from desktop_app.errors import EngineDownloadError, KibitzError, UsageError
from desktop_app.settings import SettingsStore

if TYPE_CHECKING:
    from argparse import Namespace


def run_engine(arguments: Namespace) -> int:
    """One action; 1 when an engine of the list does not work, errors have their own codes."""
    store = SettingsStore(paths.settings_file())
    if arguments.action in {"add", "use", "remove", "releases"} and not arguments.what:
        raise UsageError(f"kibitz engine {arguments.action} needs one more word: which one.")
    if arguments.action == "list":
        return _list(store, arguments)
    actions = {
        "add": _add,
        "use": _use,
        "remove": _remove,
        "set": _set,
        "download": _download,
        "releases": _refresh,
    }
    text, data = actions[arguments.action](store, arguments)
    if arguments.json:
        output.print_json(data)
    else:
        print(text)
    return 0


def _list(store: SettingsStore, arguments: Namespace) -> int:
    from desktop_app.domain.engine_setup import EngineEntry
    from desktop_app.engine.discovery import find_engine
    from desktop_app.services.engines import SPEED_NODES, advise, examine_engine

    settings = store.current
    entries = settings.engines
    try:
        chosen = find_engine(settings.engine_path)
        if all(entry.path != chosen for entry in entries):
            entries = (EngineEntry(chosen), *entries)
    except KibitzError as error:
        if not entries:
            raise
        chosen = settings.engine_path or ""
        output.complain(str(error))
    shown, rows, failed = [], [], 0
    for entry in entries:
        row: dict[str, Any] = {
            "path": entry.path,
            "in_use": entry.path == chosen,
            "chosen_options": dict(entry.options),
        }
        try:
            report = examine_engine(entry.path, settings.engine_setup(entry.path), nodes=SPEED_NODES)
            row |= {
                "name": report.identity.name,
                "build": report.identity.build,
                "options": dict(report.identity.options),
                "compiled_for": sorted(report.flags),
                "nodes_per_second": report.nodes_per_second,
                "advice": advise(report).text,
            }
            words = (report.identity.name, report.build.spoken if report.build else "", report.knps)
        except KibitzError as error:
            failed += 1
            row["error"] = error.text
            words = (entry.name, "does not work", error.text)
        shown.append(row)
        rows.append(("*" if row["in_use"] else "", *words, entry.path))
    if arguments.json:
        output.print_json({"engines": shown, "syzygy": settings.syzygy})
    else:
        print(output.table(("", "engine", "built for", "speed", "program"), rows))
        print(f"Endgame tables: {settings.syzygy or 'none'}")
    return 1 if failed else 0


def _add(store: SettingsStore, arguments: Namespace) -> tuple[str, dict[str, Any]]:
    from desktop_app.engine.discovery import find_engine
    from desktop_app.services.engine_list import with_engine
    from desktop_app.services.engines import examine_engine

    report = examine_engine(find_engine(arguments.what))
    store.update(engines=with_engine(store.current.engines, report.path, report.identity.name))
    return f"Added {report.identity.name} ({report.path}).", {"path": report.path, "name": report.identity.name}


def _use(store: SettingsStore, arguments: Namespace) -> tuple[str, dict[str, Any]]:
    text, data = _add(store, arguments)
    store.update(engine_path=data["path"])
    return f"{text.replace('Added', 'In use from now on:')}", data


def _remove(store: SettingsStore, arguments: Namespace) -> tuple[str, dict[str, Any]]:
    from desktop_app.services.engine_list import without_engine

    settings = store.current
    left = without_engine(settings.engines, arguments.what)
    if left == settings.engines:
        raise UsageError(f"{arguments.what} is not in the list.", action="See: kibitz engine list.")
    chosen = None if settings.engine_path == arguments.what else settings.engine_path
    store.update(engines=left, engine_path=chosen)
    return f"Removed {arguments.what} from the list; its evaluations stay.", {"path": arguments.what}


def _set(store: SettingsStore, arguments: Namespace) -> tuple[str, dict[str, Any]]:
    from desktop_app.engine.discovery import find_engine
    from desktop_app.engine.syzygy import tables_in
    from desktop_app.services.engine_list import with_options
    from desktop_app.services.engines import examine_engine

    said: list[str] = []
    settings = store.current
    if arguments.syzygy:
        folder = None if arguments.syzygy == "none" else arguments.syzygy
        tables = tables_in(folder) if folder else None
        if tables is not None and not tables.count:
            raise UsageError(tables.problem, action="Choose the folder that holds the .rtbw files.")
        settings = store.update(syzygy=folder)
        said.append(tables.text if tables else "No endgame tables are used.")
    if arguments.option or arguments.reset:
        path = find_engine(arguments.what or settings.engine_path)
        pairs = [one.partition("=") for one in arguments.option or ()]
        if any(not sign for _, sign, _ in pairs):
            raise UsageError("An option is written NAME=VALUE.")
        entries = with_options(
            settings.engines,
            path,
            [(name.strip(), value) for name, _, value in pairs],
            examine_engine(path).options,
            reset=arguments.reset,
        )
        settings = store.update(engines=entries)
        chosen = settings.engine_setup(path).options
        said.append(f"{path}: {', '.join(f'{name} = {value}' for name, value in chosen) or 'its own defaults'}.")
    if not said:
        raise UsageError("There is nothing to set.", action="Name --option NAME=VALUE, --reset or --syzygy FOLDER.")
    return " ".join(said), {"said": said}


def _download(store: SettingsStore, _arguments: Namespace) -> tuple[str, dict[str, Any]]:
    from desktop_app.engine.processor import processor
    from desktop_app.services.engine_download import install_engine
    from desktop_app.services.engine_list import with_engine
    from desktop_app.services.engine_releases import current_releases

    folder = paths.engines_dir()
    asset = current_releases(paths.resource("engines"), folder).best_for(processor())
    if asset is None:
        raise EngineDownloadError(
            "There is no official build for this computer.", action="Install Stockfish with your package manager."
        )
    with Interrupt() as interrupt, output.ProgressLine() as line:
        report = install_engine(asset, folder, progress=line, cancel=interrupt)
    engines = with_engine(store.current.engines, report.path, report.identity.name)
    store.update(engines=engines, engine_path=report.path)
    text = f"{report.identity.name} ({asset.build}) is in {report.path}, and in use from now on."
    return text, {"path": report.path, "name": report.identity.name, "build": asset.build, "sha256": asset.sha256}


def _refresh(_store: SettingsStore, arguments: Namespace) -> tuple[str, dict[str, Any]]:
    from desktop_app.services.engine_releases import refresh_releases

    found = refresh_releases(arguments.what, paths.engines_dir())
    verified = sum(not asset.blocked for asset in found.assets)
    text = f"The list of {found.updated} names {len(found.assets)} builds, {verified} of them with a verified checksum."
    return text, {"updated": str(found.updated), "builds": len(found.assets), "verified": verified}
