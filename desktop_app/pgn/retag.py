"""Gives a game's text other tags, and leaves everything else in it as it is.

Pure, any thread. Called by `services.edit_games`. A section of plain pairs keeps its lines, order and spacing; one that
had to be repaired to be read is written anew, with the comments that stood in it behind the tags.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from desktop_app.pgn.headers import format_tags, read_tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Tags = Sequence[tuple[str, str]]
    Changes = Mapping[str, str | None]

_LINE = re.compile(r"[ \t]*\[[ \t]*([A-Za-z0-9_?+#=:\-]+)[ \t]+\"(?:[^\"\\\n]|\\[^\n])*\"[ \t]*\][ \t]*\n?")
_RESULT = re.compile(r"(?:(?<=\s)|\A)(1-0|0-1|1/2-1/2|\*)(?=\s*\Z)")


def changed_tags(tags: Tags, changes: Changes, places: Mapping[str, int] | None = None) -> list[tuple[str, str]]:
    """The tags with these values; None takes one away. A new one comes last, or at its index in `places`."""
    result = [
        (name, value if name not in changes else str(changes[name]))
        for name, value in tags
        if name not in changes or changes[name] is not None
    ]
    there = {name for name, _ in result}
    new = [(name, value) for name, value in changes.items() if value is not None and name not in there]
    for name, value in sorted(new, key=lambda pair: (places or {}).get(pair[0], len(tags))):
        result.insert((places or {}).get(name, len(result)), (name, value))
    return result


def retagged(text: str, changes: Changes, places: Mapping[str, int] | None = None) -> str:
    """The text with these tags, and the result at its end where that is changed."""
    section = read_tags(text)
    head, rest = text[: section.end], text[section.end :]
    lines = _lines(head) if section.plain else None
    if lines is None:
        tags = changed_tags(section.tags, changes, places)
        comments = "".join(f"{comment}\n" for comment in section.leading)
        head = f"{format_tags(tags)}\n{comments}" if tags else comments
    else:
        head = _with_lines(head, lines, changes, places or {})
    if changes.get("Result") is not None:
        rest = _with_result(rest, str(changes["Result"]))
    return head + rest


def _lines(head: str) -> list[tuple[str, str]] | None:
    """Names and lines of a section with one pair a line; None for any other."""
    lines, position = [], 0
    while found := _LINE.match(head, position):
        lines.append((found.group(1), found.group()))
        position = found.end()
    return lines if lines and not head[position:].strip() and all(line.endswith("\n") for _, line in lines) else None


def _with_lines(head: str, lines: list[tuple[str, str]], changes: Changes, places: Mapping[str, int]) -> str:
    behind = head[sum(len(line) for _, line in lines) :]
    kept = []
    for name, line in lines:
        value = changes.get(name)
        if name not in changes:
            kept.append((name, line))
        elif value is not None:
            kept.append((name, format_tags([(name, value)])))
    there = {name for name, _ in lines}
    new = [(name, value) for name, value in changes.items() if value is not None and name not in there]
    for name, value in sorted(new, key=lambda pair: places.get(pair[0], len(lines))):
        kept.insert(places.get(name, len(kept)), (name, format_tags([(name, value)])))
    return "".join(line for _, line in kept) + (behind or "\n")


def _with_result(rest: str, result: str) -> str:
    """The movetext with another result at its end; one within a comment is left alone."""
    last_line = rest.rstrip().rpartition("\n")[2]
    if rest.rfind("{") > rest.rfind("}") or ";" in last_line:
        return rest
    return _RESULT.sub(result, rest)
