"""How deep to look: profiles, and the exact search settings an analysis is keyed by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.domain.evaluation import EngineIdentity


class Profile(StrEnum):
    """How deep to look. `CUSTOM` is the reproducible mode with a node count of the user's own (`--nodes N`)."""

    QUICK = "quick"
    STANDARD = "standard"
    DEEP = "deep"
    CUSTOM = "custom"


PROFILE_NODES: dict[Profile, int] = {
    Profile.QUICK: 60_000,
    Profile.STANDARD: 250_000,
    Profile.DEEP: 857_142,
}
"""Fixed nodes a position that the profiles of version 0.3 and before searched; libraries hold such analyses still.

857 142 is what a Lichess user request gets (judgement.md 1.8).
"""

ANYTIME = 0
"""`SearchSpec.limit_nodes` of the anytime profiles: each position gets as many nodes as its verdict needs."""

ANYTIME_PROFILES = (Profile.QUICK, Profile.STANDARD, Profile.DEEP)

EXPECTED_NODES: dict[Profile, int] = {
    Profile.QUICK: 24_000,
    Profile.STANDARD: 55_000,
    Profile.DEEP: 200_000,
}
"""Nodes a position takes on average in each anytime profile, all its searches together (docs/decisions/0021)."""

CHUNK_POSITIONS = 8
"""Most positions a worker is handed at once; also the most one worker can lose to `kill -9` (product.md 6)."""

_MOST_NODES_IN_SMALL_HASH = 1_000_000


@dataclass(frozen=True, slots=True)
class SearchSpec:
    """What is asked of the engine; together with the engine's identity it keys stored evaluations.

    Attributes:
        profile: the profile asked for.
        limit_nodes: nodes per position; `ANYTIME` where `analysis.anytime` decides for each position, round by round.
        reproducible: the `--nodes` mode: chunk borders depend on the game alone, nothing is shared between games.
    """

    profile: Profile
    limit_nodes: int
    reproducible: bool

    @classmethod
    def of_profile(cls, profile: Profile) -> SearchSpec:
        """The spec of one of the three named profiles."""
        return cls(profile, ANYTIME, reproducible=False)

    @classmethod
    def of_nodes(cls, limit_nodes: int) -> SearchSpec:
        """The reproducible mode with exactly this many nodes a position."""
        return cls(Profile.CUSTOM, limit_nodes, reproducible=True)

    @property
    def anytime(self) -> bool:
        """Whether positions are searched in rounds, as deep as their verdicts need."""
        return self.limit_nodes == ANYTIME

    @property
    def hash_mb(self) -> int:
        """Size of the engine's hash table in MB: a function of the node count alone, so that runs repeat.

        16 MB is Stockfish's default and what fishnet uses up to 857 142 nodes; more nodes get room in proportion. No
        round of an anytime profile asks for more, so that all of them share their evaluations.
        """
        return 16 if self.limit_nodes <= _MOST_NODES_IN_SMALL_HASH else 64


@dataclass(frozen=True, slots=True)
class AnalysisKey:
    """Identity of one analysis of a game: who searched, and how."""

    engine: EngineIdentity
    spec: SearchSpec
