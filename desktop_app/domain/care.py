"""What checking a library finds. Plain values, any thread."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        kind: a word for scripts, and what a repair is asked by.
        text: one sentence: what is wrong, and how much of it.
        action: what to do where Kibitz cannot mend it, else "".
        count: how many rows or games.
        repairable: whether `kibitz doctor --repair` mends it.
    """

    kind: str
    text: str
    action: str = ""
    count: int = 1
    repairable: bool = False


@dataclass(frozen=True, slots=True)
class Soundness:
    """What a check looked at, and what it found.

    Attributes:
        games: in the library.
        texts_read: of how many the text was read again and compared with the stored moves.
        indexed: of how many the positions are indexed.
        findings: empty for a sound library.
    """

    games: int
    texts_read: int
    indexed: int
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings
