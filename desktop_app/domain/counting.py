"""Numbers with their nouns, as the window and the command line say them. Standard library only; any thread."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 game", "12,345 games"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
