"""The user's list of engines as values: adding, removing, choosing options. Pure but for looking at an engine added.

Settings are kept by whoever calls: the engine page and `cli.engine_command`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.domain.engine_setup import EngineEntry
from desktop_app.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from desktop_app.engine.options import UciOption


def with_engine(entries: Sequence[EngineEntry], path: str, name: str) -> tuple[EngineEntry, ...]:
    """The list with this engine in it; one that is there keeps its options and gets the name."""
    if any(entry.path == path for entry in entries):
        return tuple(replace(entry, name=name) if entry.path == path else entry for entry in entries)
    return (*entries, EngineEntry(path, name))


def without_engine(entries: Sequence[EngineEntry], path: str) -> tuple[EngineEntry, ...]:
    """The list without this engine. Its evaluations stay in the library."""
    return tuple(entry for entry in entries if entry.path != path)


def with_options(
    entries: Sequence[EngineEntry],
    path: str,
    chosen: Iterable[tuple[str, str]],
    offered: Sequence[UciOption],
    *,
    reset: bool = False,
) -> tuple[EngineEntry, ...]:
    """The list with options chosen for an engine in it; a value equal to the engine's default is not kept.

    Args:
        entries: the list.
        path: whose options.
        chosen: names and values, over those chosen before.
        offered: what the engine offers.
        reset: forget what was chosen before.

    Raises:
        UsageError: the engine has no such option, would not accept the value, or Kibitz sets it itself.
    """
    known = {option.name.lower(): option for option in offered}
    entry = next((one for one in entries if one.path == path), EngineEntry(path))
    values = {} if reset else {name.lower(): (name, value) for name, value in entry.options}
    for name, value in chosen:
        option = known.get(name.lower())
        if option is None:
            raise UsageError(
                f"The engine has no option {name}.", action=f"It has: {', '.join(o.name for o in offered)}."
            )
        if option.why_ours:
            raise UsageError(f"{option.name} cannot be chosen.", action=option.why_ours)
        accepted = option.accepted(value)
        default = "false" if option.kind == "button" else option.default
        if accepted == default:
            values.pop(name.lower(), None)
        else:
            values[name.lower()] = (option.name, accepted)
    changed = replace(entry, options=tuple(sorted(values.values())))
    if all(one.path != path for one in entries):
        return (*entries, changed)
    return tuple(changed if one.path == path else one for one in entries)
