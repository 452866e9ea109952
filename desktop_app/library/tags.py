"""Tags: words that people put on games, many on one game if they like.

Any thread (never the GUI's: every call waits for the disk). Called through `library.sets`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, insert, literal, select, update

from desktop_app.domain.game import GameId
from desktop_app.domain.names import fold
from desktop_app.domain.sets import TAG_COLOURS, Tag, TagId
from desktop_app.errors import NotFoundError, UsageError
from desktop_app.library.backend import in_set
from desktop_app.library.memberships import Memberships, count_added, game_counts, name_columns
from desktop_app.library.tables import game
from desktop_app.library.tables_sets import game_tag, tag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from desktop_app.ports import CancelToken, ProgressSink


class Tags(Memberships):
    """The tags of one open library."""

    def tags(self) -> list[Tag]:
        """All tags by name, with how many games have each; reads the games that are tagged, no others."""
        with self._database.read() as connection:
            counts = game_counts(connection, game_tag, game_tag.c.tag_id)
            rows = connection.execute(select(tag.c.id, tag.c.name, tag.c.colour).order_by(tag.c.folded)).all()
        return [Tag(TagId(row.id), row.name, row.colour, counts.get(row.id, 0)) for row in rows]

    def tag_named(self, name: str) -> TagId:
        """The tag of this name, without regard to case and accents. Raises NotFoundError."""
        with self._database.read() as connection:
            found = connection.execute(select(tag.c.id).where(tag.c.folded == fold(name.strip()))).scalar()
        if found is None:
            raise NotFoundError(f"There is no tag {name!r} in this library.", action="`kibitz tag list` shows them.")
        return TagId(found)

    def create_tag(self, name: str, *, colour: str = "") -> TagId:
        """Make a tag. Raises UsageError for a name that is taken or empty, and for an unknown colour."""
        values = {**name_columns(name), "colour": _colour(colour)}

        def run(connection: Connection) -> TagId:
            _refuse_taken_tag(connection, str(values["folded"]))
            return TagId(connection.execute(insert(tag).values(values).returning(tag.c.id)).scalar_one())

        return self._database.write(run)

    def change_tag(self, tag_id: TagId, *, name: str | None = None, colour: str | None = None) -> None:
        """Give a tag another name or colour. Raises UsageError as `create_tag`, NotFoundError when it is gone."""
        values = {} if name is None else name_columns(name)
        if colour is not None:
            values["colour"] = _colour(colour)

        def run(connection: Connection) -> None:
            if "folded" in values:
                _refuse_taken_tag(connection, values["folded"], but=tag_id)
            if values and not connection.execute(update(tag).where(tag.c.id == tag_id).values(values)).rowcount:
                raise NotFoundError("That tag is gone.")

        self._database.write(run)

    def delete_tag(self, tag_id: TagId) -> None:
        """Remove a tag from all games, and the tag itself; the games stay."""
        self._empty(game_tag, game_tag.c.tag_id, tag_id)
        self._database.write(lambda connection: connection.execute(delete(tag).where(tag.c.id == tag_id)).rowcount)

    def tag(
        self,
        tag_id: TagId,
        games: Sequence[GameId],
        *,
        progress: ProgressSink | None = None,
        cancel: CancelToken | None = None,
        added: Callable[[Sequence[GameId]], None] | None = None,
    ) -> int:
        """Put a tag on these games; returns how many had not had it. Raises NotFoundError, CancelledError.

        `added` is told those that had not, as they are committed: of a call that was stopped too.
        """

        def put(connection: Connection, some: Sequence[GameId]) -> list[GameId]:
            if connection.execute(select(tag.c.id).where(tag.c.id == tag_id)).first() is None:
                raise NotFoundError("That tag is gone.")
            had = select(game_tag.c.game_id).where(game_tag.c.tag_id == tag_id, game_tag.c.game_id == game.c.id)
            fresh = select(literal(tag_id), game.c.id).where(in_set(game.c.id, some), ~had.exists())
            adding = insert(game_tag).from_select(["tag_id", "game_id"], fresh).returning(game_tag.c.game_id)
            return [GameId(one) for one in connection.execute(adding).scalars()]

        return count_added(self._in_chunks(games, put, "Tagging games", progress=progress, cancel=cancel), added)

    def untag(
        self,
        tag_id: TagId,
        games: Sequence[GameId],
        *,
        progress: ProgressSink | None = None,
        cancel: CancelToken | None = None,
    ) -> int:
        """Take a tag off these games; returns how many had it. Raises CancelledError."""

        def take(connection: Connection, some: Sequence[GameId]) -> int:
            which = and_(game_tag.c.tag_id == tag_id, in_set(game_tag.c.game_id, some))
            return connection.execute(delete(game_tag).where(which)).rowcount

        return sum(self._in_chunks(games, take, "Removing a tag", progress=progress, cancel=cancel))

    def tags_of(self, games: Sequence[GameId]) -> dict[GameId, tuple[TagId, ...]]:
        """The tags of these games, by name; games without one are left out. For what is shown, not for thousands."""
        statement = (
            select(game_tag.c.game_id, game_tag.c.tag_id)
            .join(tag, tag.c.id == game_tag.c.tag_id)
            .where(in_set(game_tag.c.game_id, games))
            .order_by(tag.c.folded)
        )
        found: dict[GameId, tuple[TagId, ...]] = {}
        with self._database.read() as connection:
            for row in connection.execute(statement):
                found[GameId(row.game_id)] = (*found.get(GameId(row.game_id), ()), TagId(row.tag_id))
        return found


def _colour(colour: str) -> str:
    if colour and colour not in TAG_COLOURS:
        raise UsageError(f"There is no colour {colour!r} for tags.", action=f"Choose one of {', '.join(TAG_COLOURS)}.")
    return colour


def _refuse_taken_tag(connection: Connection, folded: str, *, but: TagId | None = None) -> None:
    taken = connection.execute(select(tag.c.id, tag.c.name).where(tag.c.folded == folded)).first()
    if taken is not None and taken.id != but:
        raise UsageError(f"There is a tag {taken.name!r} already.", action="Choose another name.")
