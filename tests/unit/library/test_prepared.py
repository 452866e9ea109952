"""Games made ready for storing: texts packed and unpacked in every format there ever was, games kept by column."""

from __future__ import annotations

import hashlib
import threading
import zlib
from pathlib import Path

import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.library import prepared
from desktop_app.library.prepared import GAME_COLUMNS, PreparedGame, PreparedGames, pack_text, unpack_text

TEXT = '[Event "E"]\n[White "Ž"]\n[Result "*"]\n\n1. e4 e5 2. Nf3 Nc6 { [%clk 0:03:00] } *\n'
DICTIONARY = Path(prepared.__file__).with_name("text.zdict")


def test_the_dictionary_never_changes() -> None:
    """Libraries that were written with it could not be read with another; a better one needs a number of its own."""
    assert (
        hashlib.sha256(DICTIONARY.read_bytes()).hexdigest()
        == "1c5fdf45965bb48d67e13e4d6b3d10bb984ef0753ff09c276a7ea688e0b8d395"
    )


def test_texts_of_every_version_are_read() -> None:
    """Version 0.1 wrote zlib, later ones Zstandard without a dictionary."""
    data = TEXT.encode()
    for packed in (zlib.compress(data), zstandard.ZstdCompressor(level=3).compress(data), pack_text(TEXT)):
        assert unpack_text(packed) == TEXT


def test_the_dictionary_is_worth_its_place() -> None:
    """Even a short game shares its tags with others."""
    assert len(pack_text(TEXT)) < len(zstandard.ZstdCompressor(level=3).compress(TEXT.encode())) - 20


@settings(deadline=None)
@given(st.text(st.characters(codec=None)))
def test_any_text_comes_back(text: str) -> None:
    """Lone surrogates and NULs too."""
    assert unpack_text(pack_text(text)) == text


def test_threads_do_not_share_a_codec() -> None:
    """Many threads may read and write at once; every text comes back as it was."""
    wrong: list[str] = []

    def work(name: str) -> None:
        texts = [f"{name} {number} {TEXT}" for number in range(300)]
        wrong.extend(text for text in texts if unpack_text(pack_text(text)) != text)

    threads = [threading.Thread(target=work, args=(f"thread {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def _game(number: int) -> PreparedGame:
    return PreparedGame(tuple((name, number) for name in GAME_COLUMNS), b"headers %d" % number, b"text %d" % number)


def test_games_kept_by_column_are_the_same_games() -> None:
    """In order, whether they came one by one or many at once."""
    first, second = PreparedGames(), PreparedGames()
    for number in range(3):
        first.append(_game(number))
    second.append(_game(3))
    first.extend(second)
    assert list(first) == [_game(number) for number in range(4)]
    assert len(first) == 4
    assert list(PreparedGames()) == []
