"""UCI options: what an engine offers, which values it accepts, and which of them make its evaluations different.

Pure but for reading the net named by `EvalFile`. Called by `engine.session` at the handshake and by the engine page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.engine.binary import build_of
from desktop_app.engine.syzygy import tables_in
from desktop_app.errors import EngineUnusableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_app.domain.engine_setup import EngineSetup

OURS = {
    "threads": "Kibitz runs one thread in each engine, and as many engines as you allow.",
    "hash": "Kibitz sizes the hash to the depth of the analysis.",
    "multipv": "Kibitz asks for several lines where it needs them.",
    "ponder": "Kibitz never lets an engine think on the opponent's time.",
    "uci_chess960": "Kibitz sets this for every game.",
    "uci_opponent": "Kibitz analyses; there is no opponent.",
    "clear hash": "Kibitz clears the hash where results must not depend on what came before.",
    "syzygypath": "Choose the folder of endgame tables below the list of engines.",
}
"""Options that Kibitz sets itself, by name in small letters, with the reason its user reads."""

_HARMLESS = frozenset(
    {"debug log file", "log file", "logfile", "move overhead", "slow mover", "uci_showwdl", "nodestime"}
)
"""Options that cannot change an analysis of a fixed number of nodes: they are set, but make no other identity."""

_OPTION = re.compile(r"^option name (?P<name>.+?) type (?P<kind>check|spin|combo|button|string)\b(?P<rest>.*)$")
_WORDS = re.compile(r" (default|min|max|var)(?= |$)")
_NO_TEXT = "<empty>"
_NEWLINES = re.compile(r"[\r\n\0]")


@dataclass(frozen=True, slots=True)
class UciOption:
    """One option as the engine declared it.

    Attributes:
        name: as the engine spells it.
        kind: check, spin, combo, button or string.
        default: "true" or "false" for a check, digits for a spin, "" for a button.
        least, most: bounds of a spin, where it gives them.
        choices: values of a combo.
    """

    name: str
    kind: str
    default: str = ""
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()

    @property
    def why_ours(self) -> str:
        """Why Kibitz sets this option itself; empty for those the user may set."""
        return OURS.get(self.name.lower(), "")

    def accepted(self, value: str) -> str:
        """The value in the engine's spelling.

        Raises:
            UsageError: the engine would not accept it; the sentence says what it accepts.
        """
        text = value.strip()
        if _NEWLINES.search(text):
            raise UsageError(f"{self.name} must be one line of text.")
        match self.kind:
            case "check" | "button":
                if text.lower() not in {"true", "false"}:
                    raise UsageError(f"{self.name} must be true or false, not {value!r}.")
                return text.lower()
            case "spin":
                return self._number(text)
            case "combo":
                for choice in self.choices:
                    if choice.lower() == text.lower():
                        return choice
                raise UsageError(f"{self.name} must be one of {', '.join(self.choices)}, not {value!r}.")
        return text

    def _number(self, text: str) -> str:
        try:
            number = int(text)
        except ValueError as error:
            raise UsageError(f"{self.name} must be a whole number, not {text!r}.") from error
        if (self.least is not None and number < self.least) or (self.most is not None and number > self.most):
            raise UsageError(f"{self.name} must be between {self.least} and {self.most}, not {number}.")
        return str(number)


def read_option(line: str) -> UciOption | None:
    """An `option name ...` line; None for what cannot be read."""
    found = _OPTION.match(line.strip())
    if found is None:
        return None
    parts = _WORDS.split(found["rest"])
    default, least, most = "", None, None
    choices: list[str] = []
    for key, text in zip(parts[1::2], parts[2::2], strict=True):
        value = text.strip()
        if key == "default":
            default = "" if value == _NO_TEXT else value
        elif key == "var":
            choices.append(value)
        elif value.lstrip("-").isdigit():
            least, most = (int(value), most) if key == "min" else (least, int(value))
    return UciOption(found["name"], found["kind"], default, least, most, tuple(choices))


@dataclass(frozen=True, slots=True)
class SettledOptions:
    """What an engine is told, and what of it becomes part of its identity.

    Attributes:
        commands: `setoption` lines, each with its line end.
        identity: names and values that can change a result, sorted.
    """

    commands: str
    identity: tuple[tuple[str, str], ...]


def settle(offered: Mapping[str, UciOption], setup: EngineSetup, *, hash_mb: int) -> SettledOptions:
    """Decide what to tell an engine that offers these options (by name in small letters).

    What it does not offer or would not accept is left out, and so cannot become part of its identity. A value equal to
    the default is left out too: the same engine keeps the same identity.
    """
    told: list[tuple[UciOption, str]] = []
    identity: list[tuple[str, str]] = []
    for name, value in (("threads", "1"), ("hash", str(hash_mb))):
        if name in offered:
            told.append((offered[name], value))
            identity.append((offered[name].name, value))
    for name, value in setup.options:
        option = offered.get(name.lower())
        accepted = None if option is None or option.why_ours else _accepted(option, value)
        if option is None or accepted is None:
            continue
        told.append((option, accepted))
        if name.lower() not in _HARMLESS:
            identity.append((option.name, _meaning(option, accepted)))
    syzygy = offered.get("syzygypath")
    if setup.syzygy and syzygy is not None:
        tables = tables_in(setup.syzygy)
        if tables.count:
            told.append((syzygy, setup.syzygy))
            identity.append((syzygy.name, tables.digest))
    return SettledOptions("".join(_command(*one) for one in told), tuple(sorted(identity)))


def _accepted(option: UciOption, value: str) -> str | None:
    try:
        accepted = option.accepted(value)
    except UsageError:
        return None
    if accepted == option.default or (option.kind == "button" and accepted == "false"):
        return None
    return accepted


def _meaning(option: UciOption, value: str) -> str:
    """What makes results differ: for a net its content, not where it lies."""
    if option.name.lower().startswith("evalfile") and Path(value).is_file():
        try:
            return f"sha256:{build_of(value)}"
        except EngineUnusableError:
            return value
    return value


def _command(option: UciOption, value: str) -> str:
    if option.kind == "button":
        return f"setoption name {option.name}\n"
    return f"setoption name {option.name} value {value or _NO_TEXT}\n"
