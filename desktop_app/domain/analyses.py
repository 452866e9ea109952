"""Which analyses of a game are stored: several engines, options and depths stand side by side. Values; any thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.domain.profile import SearchSpec

_ALWAYS = frozenset({"Hash", "Threads"})


@dataclass(frozen=True, slots=True)
class StoredAnalysis:
    """One of them.

    Attributes:
        id: number of the analysis in this library.
        complete: every position with a legal move is evaluated and the stopping rule is met.
        positions: evaluations stored.
        updated_at: UTC seconds since 1970.
        shown: whether it is the one the game shows when nothing else is asked for.
    """

    id: int
    engine: EngineIdentity
    spec: SearchSpec
    complete: bool
    positions: int
    updated_at: float
    shown: bool

    @property
    def title(self) -> str:
        """For a menu: the engine, its chosen options, and how deep."""
        options = [_spoken(name, value) for name, value in self.engine.options if name not in _ALWAYS]
        depth = f"{self.spec.limit_nodes:,} nodes" if self.spec.reproducible else self.spec.profile.value
        state = "" if self.complete else "not finished"
        return " · ".join(filter(None, (self.engine.name, *options, depth, state)))

    def to_json(self) -> dict[str, Any]:
        """One entry of `analyses` in `show --json`; nothing in it depends on when it ran."""
        return {
            "engine": {"name": self.engine.name, "build": self.engine.build, "options": dict(self.engine.options)},
            "profile": self.spec.profile.value,
            "limit_nodes": self.spec.limit_nodes,
            "complete": self.complete,
            "positions": self.positions,
            "shown": self.shown,
        }


def _spoken(name: str, value: str) -> str:
    """An option for a reader: of endgame tables how many, without their digest."""
    return f"{value.rpartition(' ')[0]} for endgames" if name == "SyzygyPath" else f"{name} {value}"


def by_engine(analyses: Sequence[StoredAnalysis], wanted: str) -> StoredAnalysis | None:
    """The analysis by the engine so named, or with a build that begins so: a complete one first, then the newest."""
    words = wanted.strip().lower()
    fitting = [
        one for one in analyses if words and (words in one.engine.name.lower() or one.engine.build.startswith(words))
    ]
    return max(fitting, key=lambda one: (one.complete, one.updated_at, one.id), default=None)
