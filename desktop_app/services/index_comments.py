"""Makes comments searchable behind the import: the words people wrote, of every game that was not read yet.

Blocking; not on the window's thread. Texts are unpacked and read in one niced process of its own, which never opens
the database and ends by itself when this one is gone. Each segment of ids is stored in one transaction: after kill -9,
or when it is called again, it goes on with what is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.filter_terms import And, Filter, Not, Or, Term
from desktop_app.library.prepared import unpack_text
from desktop_app.pgn.comment_words import comment_words
from desktop_app.services.side_process import SideProcess

if TYPE_CHECKING:
    from desktop_app.domain.positions import Coverage
    from desktop_app.library.library import Library
    from desktop_app.ports import CancelToken, ProgressSink

FEW_GAMES = 1_000
"""So few games are read here: a process costs more than it saves."""

Texts = tuple[tuple[int, bytes], ...]
Words = list[tuple[int, str]]


def index_comments(
    library: Library, *, progress: ProgressSink | None = None, cancel: CancelToken | None = None
) -> Coverage:
    """Read the comments of every game that was not read yet; returns how many games are covered then.

    Progress is told in games. Raises CancelledError; what was stored before is kept.
    """
    waiting = library.comments.pending()
    if not waiting:
        return library.comments.coverage()
    coverage = library.comments.coverage()
    few = coverage.games - coverage.indexed <= FEW_GAMES
    with SideProcess(read_words, cancel=cancel, here=few) as reader:
        read = library.comments.texts_of(waiting[0])
        reader.hand(read.texts)
        for following in (*waiting[1:], None):
            ahead = None if following is None else library.comments.texts_of(following)
            words = reader.take()
            if ahead is not None:
                reader.hand(ahead.texts)
            library.comments.store(read, words)
            read = ahead or read
            if progress is not None:
                coverage = library.comments.coverage()
                progress.progress(coverage.indexed, coverage.games, "Reading comments")
    return library.comments.coverage()


def asks_for_comments(filter_: Filter) -> bool:
    """Whether what a filter finds depends on comments that were read; a saved filter in it may."""
    match filter_:
        case And(children) | Or(children):
            return any(map(asks_for_comments, children))
        case Not(child):
            return asks_for_comments(child)
        case Term("comment" | "collection") | Term("is", _, "commented"):
            return True
        case _:
            return False


def read_words(texts: Texts) -> Words:
    """The games that have comments, with their words."""
    return [(game_id, words) for game_id, packed in texts if (words := comment_words(unpack_text(packed)))]
