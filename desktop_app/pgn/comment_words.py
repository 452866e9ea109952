"""The words people wrote into a game's comments, as they are searched: folded, without commands, moves and signs.

Pure text work, any thread and process. Called by `services.index_comments`.
"""

from __future__ import annotations

import re

from desktop_app.domain.names import words_of
from desktop_app.pgn.comments import COMMAND_REGEX

MAX_LETTERS = 200_000
"""Of a game's comments that are searched: a book's worth, and what every database takes in one field."""

_COMMENT = re.compile(r"\{([^}]*)|;([^\n]*)")


def comment_words(pgn: str) -> str:
    """The words of all comments of a game's text, one blank between them; "" where nobody wrote any."""
    start = pgn.find("\n\n") + 1  # tags may hold braces
    if pgn.find("{", start) < 0 and pgn.find(";", start) < 0:
        return ""
    found = []
    for match in _COMMENT.finditer(pgn, start):
        text = match[1] if match[1] is not None else match[2]
        if "[%" in text:
            text = COMMAND_REGEX.sub(" ", text)
        if text and not text.isspace():
            found += words_of(text)
    return " ".join(found)[:MAX_LETTERS]
