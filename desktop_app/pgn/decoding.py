"""Bytes of one game -> text. PGN files name no encoding, and one file may mix several, so each game is judged alone.

Pure, any thread. Called by `pgn.reader`. UTF-16 never comes here: `pgn.streams` turns a whole source into UTF-8.
"""

from __future__ import annotations

_UTF8_BOM = b"\xef\xbb\xbf"


def decode_game(data: bytes) -> tuple[str, str]:
    """The text with one line feed per line break, and the encoding it was read in: utf-8, else cp1252, else latin-1.

    Windows-1252 is what ChessBase, Scid and old archives write; the five bytes it leaves undefined fall to Latin-1,
    which accepts anything.
    """
    text, encoding = _decode(data.replace(_UTF8_BOM, b"").replace(b"\0", b""))
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def _decode(data: bytes) -> tuple[str, str]:
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"
