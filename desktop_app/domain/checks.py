"""What the doctor found: one check and its outcome. A value; any thread. Made by `services.doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check.

    Attributes:
        name: engine, processor, tables, display, database, games, import, resources or python.
        ok: whether it works.
        text: one sentence: what was found.
        action: what to do where it does not work, else "".
        needed: whether the headless commands need it; only the display, the build and the tables are not.
        details: figures for scripts.
        otherwise: the word for a check that is not ok and not needed.
    """

    name: str
    ok: bool
    text: str
    action: str = ""
    needed: bool = True
    details: dict[str, Any] | None = None
    otherwise: str = "none"

    @property
    def word(self) -> str:
        """What stands before it in the table."""
        return "ok" if self.ok else "FAILS" if self.needed else self.otherwise

    def to_json(self) -> dict[str, Any]:
        """One entry of `doctor --json`."""
        return {
            "name": self.name,
            "ok": self.ok,
            "text": self.text,
            "action": self.action,
            "needed": self.needed,
            "details": self.details or {},
        }
