"""Identities of games and the games they belong to, in a few bytes a game. Types in `identity_table.pxd`.

A Python dictionary takes 138 bytes a game, which a library of millions does not allow beside its import. This is open
addressing with linear probing: the first half of each identity (a hash already) in one array, the game's id in
another. Half an identity may be two games' by chance, once in 10**7 libraries of a million games; by a forger's work
too: whoever is told that a game is known compares the rest.

One thread at a time; `library.identities` uses it on the library's writer.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAST_SLOTS = 1024
_HALF = 8


class IdentityTable:
    """The games known by the first eight bytes of their identities; room for `expected` games, and it grows."""

    def __init__(self, expected: int) -> None:
        self._held = 0
        self._set_up(_LEAST_SLOTS)
        self._make_room(expected)

    def __len__(self) -> int:
        return self._held

    def put(self, identities: Sequence[bytes], ids: Sequence[int]) -> None:
        """Games that are known, all of them different; identities of at least eight bytes."""
        self._make_room(len(identities))
        for place in range(len(identities)):
            key = _half(identities[place])
            slot = self._slot(key)
            if not self._keys[slot]:
                self._held += 1
            self._keys[slot] = key
            self._ids[slot] = ids[place]

    def claim(self, identities: Sequence[bytes], first: int) -> list[tuple[int, int]]:
        """Put these games, where none is known by the same half: they get ids in a row from `first` on.

        Returns of the others the place (from 0) and the id of the game that has it, which may be one of these.
        """
        self._make_room(len(identities))
        known: list[tuple[int, int]] = []
        number = first
        for place in range(len(identities)):
            key = _half(identities[place])
            slot = self._slot(key)
            if self._keys[slot]:
                known.append((place, self._ids[slot]))
            else:
                self._keys[slot] = key
                self._ids[slot] = number
                number += 1
                self._held += 1
        return known

    def _slot(self, key: int) -> int:
        """Where the key is, or where it would go."""
        slot = key & self._mask
        while self._keys[slot] and self._keys[slot] != key:
            slot = (slot + 1) & self._mask
        return slot

    def _make_room(self, more: int) -> None:
        """At most three of five slots are taken."""
        slots = self._mask + 1
        while slots * 3 < (self._held + more) * 5:
            slots *= 2
        if slots == self._mask + 1:
            return
        keys, ids, count = self._keys, self._ids, self._mask + 1
        self._set_up(slots)
        for old in range(count):
            if keys[old]:
                slot = self._slot(keys[old])
                self._keys[slot] = keys[old]
                self._ids[slot] = ids[old]

    def _set_up(self, slots: int) -> None:
        self._mask = slots - 1
        self._keys = array("Q", [0]) * slots
        self._ids = array("q", [0]) * slots


def _half(identity: bytes) -> int:
    """The first eight bytes as a number, never zero, which stands for an empty slot."""
    key = 0
    for place in range(_HALF):
        key = key << 8 | identity[place]
    return key or 1
