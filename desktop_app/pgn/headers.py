"""The tag section of one game: tag pairs as written, and what had to be mended to read them.

Linear time whatever the text (no backtracking over lines). Pure, any thread. Called by `pgn.reader`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TAG = re.compile(r"\[[ \t]*([A-Za-z0-9_?+#=:\-]+)[ \t]+\"((?:[^\"\\\n]|\\[^\n])*)\"[ \t]*\]")
_LINE = re.compile(r"[^\n]*")
_LOOSE = re.compile(r"\[?[ \t]*([A-Za-z][A-Za-z0-9_]*)[ \t]+\"([^\n]*)\Z")
_ESCAPED = re.compile(r"\\([\"\\])")
_BRACE = re.compile(r"[{}]")
_MOST_REPAIRS = 20
_LOST_BRACKET = re.compile(r"[A-Z]\w*[ \t]+\"[^\"\n]*\"[ \t]*\][ \t]*(?:\n|\Z)")


@dataclass(slots=True)
class TagSection:
    """What stands before the moves.

    Attributes:
        tags: pairs in file order; of a repeated tag the last value, in the first one's place.
        leading: comments (`{…}`, or a line `;…` where braces are in it) that came before or between the tags; they
            belong to the start of the game.
        end: where the movetext begins in the text.
        repairs: sentences about what was mended.
    """

    tags: list[tuple[str, str]] = field(default_factory=list)
    leading: list[str] = field(default_factory=list)
    end: int = 0
    repairs: list[str] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)

    @property
    def plain(self) -> bool:
        """Whether the section can stay as it is written."""
        return not self.repairs and not self.leading

    def add(self, name: str, value: str) -> None:
        """Note one pair; a repeated tag replaces the earlier value and is reported."""
        place = self._places.setdefault(name, len(self.tags))
        if place == len(self.tags):
            self.tags.append((name, value))
            return
        different = self.tags[place][1] != value
        self.repair(f'tag {name} stands twice; "{_short(value)}" is kept' if different else f"tag {name} stands twice")
        self.tags[place] = (name, value)

    def repair(self, sentence: str) -> None:
        """Note what was mended; a section that is all rubbish is not listed line by line."""
        if len(self.repairs) < _MOST_REPAIRS:
            self.repairs.append(sentence)
        elif len(self.repairs) == _MOST_REPAIRS:
            self.repairs.append("and more tags like these")


def read_tags(text: str) -> TagSection:
    """Read the tag section at the start of a game's text (line breaks already plain line feeds)."""
    section = TagSection()
    position = 0
    while position < len(text):
        character = text[position]
        fresh = position == 0 or text[position - 1] == "\n"
        if character.isspace():
            position += 1
        elif character == "[":
            position = _tag(text, position, section)
        elif character in "%;" and fresh:
            position = _comment_line(text, position, section)
        elif character == "{" and _tags_follow(text, position):
            close = text.find("}", position)
            section.leading.append(text[position : close + 1])
            position = close + 1
        elif fresh and not section.tags and _LOST_BRACKET.match(text, position):
            position = _mend(text, position, section)
        else:
            break
    section.end = position
    return section


def format_tags(tags: list[tuple[str, str]]) -> str:
    """A clean tag section, one pair a line, quotes and backslashes escaped."""
    lines = []
    for name, value in tags:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'[{name} "{escaped}"]\n')
    return "".join(lines)


def _tag(text: str, position: int, section: TagSection) -> int:
    match = _TAG.match(text, position)
    if match is None or not _ends_well(text, match.end()):
        return _mend(text, position, section)
    section.add(match.group(1), _ESCAPED.sub(r"\1", match.group(2)))
    return match.end()


def _ends_well(text: str, end: int) -> bool:
    """After a tag pair comes a blank, another tag, or moves; not the rest of a value with a quote in it."""
    return end >= len(text) or text[end] not in "\"']"


def _mend(text: str, position: int, section: TagSection) -> int:
    """A line that is no tag pair: keep what can be understood of it. Returns where reading goes on."""
    match = _LINE.match(text, position)
    end = match.end() if match else len(text)
    line = text[position:end].rstrip()
    number = text.count("\n", 0, position) + 1 if len(section.repairs) < _MOST_REPAIRS else 0
    loose = _LOOSE.match(line)
    if loose is None:
        section.repair(f'line {number} of the game is no tag pair and was left out: "{_short(line)}"')
        return end
    value = loose.group(2)
    if not value.endswith(("]", '"')):
        following = _LINE.match(text, end + 1) if end < len(text) else None
        rest = following.group().rstrip() if following else ""
        if rest.endswith('"]') and not rest.startswith("["):
            value = f"{value} {rest}".strip()
            end += 1 + len(following.group()) if following else 0
    value = re.sub(r"\"?[ \t]*\]\Z|\"\Z", "", value)
    section.add(loose.group(1), _ESCAPED.sub(r"\1", value).strip())
    section.repair(f'tag {loose.group(1)} on line {number} of the game is malformed; read as "{_short(value)}"')
    return end


def _comment_line(text: str, position: int, section: TagSection) -> int:
    """A `;` or `%` line among the tags. `;` is for people: it is kept as a comment; `%` is for programs."""
    match = _LINE.match(text, position)
    end = match.end() if match else len(text)
    said = text[position + 1 : end]
    if text[position] == ";" and said.strip():
        section.leading.append(f";{said}" if _BRACE.search(said) else f"{{{said}}}")
    return end


def _tags_follow(text: str, position: int) -> bool:
    """Whether a comment here stands before a tag rather than before the moves."""
    close = text.find("}", position)
    return close >= 0 and text[close + 1 :].lstrip().startswith("[")


def _short(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[:limit] + "…"
