"""`kibitz tag` and `kibitz collection`: sets of games from the command line."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from desktop_app.cli import output
from desktop_app.cli.interrupt import Interrupt
from desktop_app.cli.opening import open_library
from desktop_app.cli.selection import selected_games
from desktop_app.domain.counting import counted
from desktop_app.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping, Sequence

    from desktop_app.domain.game import GameId
    from desktop_app.domain.sets import Collection, CollectionId, TagId
    from desktop_app.library.library import Library


def run_tag(arguments: Namespace) -> int:
    """List, put on, take off, rename, colour or delete tags."""
    return _run(arguments, _TAG_ACTIONS)


def run_collection(arguments: Namespace) -> int:
    """List, make, fill, empty, order, rename or delete collections."""
    return _run(arguments, _COLLECTION_ACTIONS)


def _run(
    arguments: Namespace, actions: Mapping[str, Callable[[Library, Namespace, Interrupt], dict[str, object]]]
) -> int:

    if arguments.action != "list" and not arguments.name:
        raise UsageError(f"`{arguments.action}` needs a name.")
    reads = arguments.action == "list"
    with (
        Interrupt() as interrupt,
        open_library(arguments, reads=reads) as library,
    ):
        said = actions[arguments.action](library, arguments, interrupt)
    if arguments.json:
        output.print_json({name: value for name, value in said.items() if name != "text"})
    elif text := said.get("text"):
        print(text)
    return 0


def _games(library: Library, arguments: Namespace) -> list[GameId]:
    if not (arguments.all or arguments.game or arguments.filter is not None):
        raise UsageError("Which games?", action="Give --game ID..., --filter EXPR or --all.")
    return selected_games(library, arguments)


def _new_name(arguments: Namespace) -> str:
    if not arguments.new_name:
        raise UsageError("The new name is missing.", action=f"Example: rename {arguments.name!r} 'Another name'.")
    return str(arguments.new_name)


# -- tags ----------------------------------------------------------------------------------------------------------


def _tag_list(library: Library, arguments: Namespace, _: Interrupt) -> dict[str, object]:
    tags = [tag for tag in library.sets.tags() if not arguments.name or tag.name == arguments.name]
    rows = [(tag.name, tag.games, tag.colour) for tag in tags]
    text = output.table(("tag", "games", "colour"), rows, right=frozenset({1})) if rows else "There are no tags."
    return {"tags": [asdict(tag) for tag in tags], "text": text}


def _tag_add(library: Library, arguments: Namespace, interrupt: Interrupt) -> dict[str, object]:
    games = _games(library, arguments)
    try:
        tag_id = library.sets.tag_named(arguments.name)
    except NotFoundError:
        tag_id = library.sets.create_tag(arguments.name, colour=arguments.colour or "")
    else:
        if arguments.colour:
            library.sets.change_tag(tag_id, colour=arguments.colour)
    with output.ProgressLine() as line:
        changed = library.sets.tag(tag_id, games, progress=line, cancel=interrupt)
    return {"changed": changed, "text": f"Tagged {counted(changed, 'game')} {arguments.name!r}."}


def _tag_remove(library: Library, arguments: Namespace, interrupt: Interrupt) -> dict[str, object]:
    tag_id = library.sets.tag_named(arguments.name)
    with output.ProgressLine() as line:
        changed = library.sets.untag(tag_id, _games(library, arguments), progress=line, cancel=interrupt)
    return {"changed": changed, "text": f"Took {arguments.name!r} off {counted(changed, 'game')}."}


def _tag_rename(library: Library, arguments: Namespace, _: Interrupt) -> dict[str, object]:
    library.sets.change_tag(library.sets.tag_named(arguments.name), name=_new_name(arguments), colour=arguments.colour)
    return {"name": arguments.new_name, "text": f"{arguments.name!r} is {arguments.new_name!r} now."}


def _tag_colour(library: Library, arguments: Namespace, _: Interrupt) -> dict[str, object]:
    tag_id: TagId = library.sets.tag_named(arguments.name)
    colour = arguments.colour or arguments.new_name or ""
    library.sets.change_tag(tag_id, colour=colour)
    return {
        "name": arguments.name,
        "colour": colour,
        "text": f"{arguments.name!r} is {colour or 'without colour'} now.",
    }


def _tag_delete(library: Library, arguments: Namespace, _: Interrupt) -> dict[str, object]:
    library.sets.delete_tag(library.sets.tag_named(arguments.name))
    return {"deleted": arguments.name, "text": f"There is no tag {arguments.name!r} any more; its games stay."}


_TAG_ACTIONS = {
    "list": _tag_list,
    "add": _tag_add,
    "remove": _tag_remove,
    "rename": _tag_rename,
    "colour": _tag_colour,
    "delete": _tag_delete,
}

# -- collections ---------------------------------------------------------------------------------------------------


def _collection_list(library: Library, arguments: Namespace, _: Interrupt) -> dict[str, object]:
    found = library.sets.collections()
    names = {one.id: one.name for one in found}
    if arguments.name:
        wanted = library.sets.collection_named(arguments.name)
        found = [one for one in found if one.id == wanted]
    rows = [(_path(one, names), _count(library, one), one.filter or "") for one in found]
    head = ("collection", "games", "filter")
    text = output.table(head, rows, right=frozenset({1})) if rows else "There are no collections."
    listed = [asdict(one) | {"games": number} for one, (_, number, _) in zip(found, rows, strict=True)]
    return {"collections": listed, "text": text}


def _path(one: Collection, names: dict[CollectionId, str]) -> str:
    return one.name if one.parent_id is None else f"{names[one.parent_id]}/{one.name}"


def _count(library: Library, one: Collection) -> int:
    return library.games.count(library.sets.query(one.id)) if one.games is None else one.games


def _collection_create(library: Library, arguments: Namespace, interrupt: Interrupt) -> dict[str, object]:
    chosen = selected_games(library, arguments) if arguments.game or arguments.all else []
    parent = library.sets.collection_named(arguments.inside) if arguments.inside else None
    made = library.sets.create_collection(
        arguments.name,
        parent_id=parent,
        filter_=arguments.filter,
        sort=arguments.sort or "id",
        descending=arguments.descending,
    )
    text = f"There is a collection {arguments.name!r} now."
    if not chosen:
        return {"id": made, "text": text}
    with output.ProgressLine() as line:
        added = library.sets.add(made, chosen, progress=line, cancel=interrupt)
    return {"id": made, "changed": added, "text": f"{text[:-1]}, with {counted(added, 'game')}."}


def _collection_add(library: Library, arguments: Namespace, interrupt: Interrupt) -> dict[str, object]:
    games = _games(library, arguments)
    try:
        collection_id = library.sets.collection_named(arguments.name)
    except NotFoundError:
        collection_id = library.sets.create_collection(arguments.name)
    with output.ProgressLine() as line:
        changed = library.sets.add(collection_id, games, before=arguments.before, progress=line, cancel=interrupt)
    return {"changed": changed, "text": f"Added {counted(changed, 'game')} to {arguments.name!r}."}


def _collection_remove(library: Library, arguments: Namespace, interrupt: Interrupt) -> dict[str, object]:
    collection_id = library.sets.collection_named(arguments.name)
    with output.ProgressLine() as line:
        changed = library.sets.remove(collection_id, _games(library, arguments), progress=line, cancel=interrupt)
    return {"changed": changed, "text": f"Took {counted(changed, 'game')} out of {arguments.name!r}."}


def _collection_move(library: Library, arguments: Namespace, _: Interrupt) -> dict[str, object]:
    collection_id = library.sets.collection_named(arguments.name)
    games: Sequence[GameId] = _games(library, arguments)
    library.sets.move(collection_id, games, before=arguments.before)
    return {"moved": len(games), "text": f"Moved {counted(len(games), 'game')} within {arguments.name!r}."}


def _collection_rename(library: Library, arguments: Namespace, _: Interrupt) -> dict[str, object]:
    library.sets.change_collection(library.sets.collection_named(arguments.name), name=_new_name(arguments))
    return {"name": arguments.new_name, "text": f"{arguments.name!r} is {arguments.new_name!r} now."}


def _collection_delete(library: Library, arguments: Namespace, _: Interrupt) -> dict[str, object]:
    library.sets.delete_collection(library.sets.collection_named(arguments.name))
    return {"deleted": arguments.name, "text": f"There is no collection {arguments.name!r} any more; its games stay."}


_COLLECTION_ACTIONS = {
    "list": _collection_list,
    "create": _collection_create,
    "add": _collection_add,
    "remove": _collection_remove,
    "move": _collection_move,
    "rename": _collection_rename,
    "delete": _collection_delete,
}
