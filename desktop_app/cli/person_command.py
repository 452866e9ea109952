"""`kibitz person`: which names are one player's, and which are mine."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from desktop_app.cli import output
from desktop_app.cli.opening import open_library
from desktop_app.domain.counting import counted
from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from desktop_app.library.people import People


def run_person(arguments: Namespace) -> int:
    """List people, say who I am, join names, take one away, or look for names that may be one person's."""
    reads = arguments.action in {"list", "suggest"} or (arguments.action == "me" and not arguments.names)
    with open_library(arguments, reads=reads) as library:
        said = _ACTIONS[arguments.action](library.people, arguments)
        if said.get("me"):
            games = library.games.count(GameQuery(filter=parse_filter("is:mine")))
            said["text"] += f" {counted(games, 'game')} of the library {'is' if games == 1 else 'are'} yours."
    if arguments.json:
        output.print_json({name: value for name, value in said.items() if name != "text"})
    else:
        print(said["text"])
    return 0


def _list(people: People, _: Namespace) -> dict[str, Any]:
    found = people.all()
    rows = [(one.name, "me" if one.is_me else "", "; ".join(one.names[1:])) for one in found]
    text = output.table(("player", "", "other names"), rows) if rows else "Nobody has several names yet."
    return {"people": [asdict(one) for one in found], "text": text}


def _me(people: People, arguments: Namespace) -> dict[str, Any]:
    if arguments.names:
        people.set_me(arguments.names)
    me = people.me()
    if me is not None:
        return {"me": asdict(me), "text": f"You are {'; '.join(me.names)}."}
    guesses = people.likely_me()
    lines = [f"  {one.name} ({counted(one.games, 'game')})" for one in guesses]
    text = "\n".join(["Kibitz does not know which games are yours: `kibitz person me NAME...`.", *lines])
    return {"me": None, "likely": [asdict(one) for one in guesses], "text": text}


def _join(people: People, arguments: Namespace) -> dict[str, Any]:
    if not arguments.names:
        raise UsageError(
            "Which names are one player's?", action="Example: kibitz person join 'Carlsen, M' DrNykterstein"
        )
    people.add_names(arguments.names)
    person = people.of(arguments.names[0])
    names = list(person.names) if person else []
    return {"names": names, "text": f"One player: {'; '.join(names)}."}


def _remove(people: People, arguments: Namespace) -> dict[str, Any]:
    for name in arguments.names:
        people.remove_name(name)
    return {"removed": arguments.names, "text": f"{'; '.join(arguments.names)}: searched by itself again."}


def _suggest(people: People, arguments: Namespace) -> dict[str, Any]:
    groups = (
        [tuple(people.similar(name)) for name in arguments.names] if arguments.names else list(people.suggestions())
    )
    lines = ["; ".join(f"{one.name} ({one.games:,})" for one in group) for group in groups if group]
    text = "\n".join(lines) or "No names look like one player's."
    return {"groups": [[asdict(one) for one in group] for group in groups], "text": text}


_ACTIONS: dict[str, Callable[[People, Namespace], dict[str, Any]]] = {
    "list": _list,
    "me": _me,
    "join": _join,
    "remove": _remove,
    "suggest": _suggest,
}
