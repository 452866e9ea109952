"""The sidebar's tree: rows for every set, counts that stay, names that can be typed, drops that are understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QModelIndex, Qt

from desktop_app.domain.rows import BatchId, BatchState, ImportBatch
from desktop_app.domain.sets import Collection, CollectionId, Tag, TagId
from desktop_app.ui.models.games_mime import COLLECTION_MIME, GAMES_MIME, ids_of, mime_of
from desktop_app.ui.models.scope import ALL_GAMES, MY_GAMES, THE_BIN, Scope, ScopeKind, SidebarContents
from desktop_app.ui.models.sidebar_model import COUNT_ROLE, SidebarModel, import_title

if TYPE_CHECKING:
    from pytestqt.modeltest import ModelTester
    from pytestqt.qtbot import QtBot

COPY, MOVE = Qt.DropAction.CopyAction, Qt.DropAction.MoveAction


def collection(number: int, name: str, filter_: str | None = None, parent: int | None = None) -> Collection:
    """A collection with as many games as its number."""
    above = None if parent is None else CollectionId(parent)
    return Collection(CollectionId(number), above, name, filter_, "id", False, None if filter_ else number)


def batch(number: int, source: str, state: BatchState = BatchState.DONE) -> ImportBatch:
    """An import of ten games."""
    return ImportBatch(BatchId(number), source, float(number), float(number), state, 10, 10, 0, 0, 0, 0)


CONTENTS = SidebarContents(
    total=100,
    me="Anna",
    collections=(
        collection(1, "Model games"), collection(2, "Draws", "result:draw"), collection(3, "Inside", parent=1),
    ),
    tags=(Tag(TagId(7), "Endgame", "teal", 4),),
    imports=(batch(1, "/home/me/old.pgn"), batch(2, "C:\\games\\new.pgn.zst"), batch(3, "x.pgn", BatchState.UNDONE)),
    binned=0,
)  # fmt: skip


@pytest.fixture
def model(qtmodeltester: ModelTester) -> SidebarModel:
    """A tree with everything in it, which behaves as Qt wants trees to."""
    made = SidebarModel()
    made.set_contents(CONTENTS)
    qtmodeltester.check(made)
    return made


def names(model: SidebarModel, head: str) -> list[str]:
    """What stands under a heading."""
    above = model.head(head)
    return [model.index(row, 0, above).data() for row in range(model.rowCount(above))]


def test_every_set_has_its_row(model: SidebarModel) -> None:
    """Collections with those inside them, tags, the newest imports that are still there."""
    assert names(model, "collections") == ["Model games", "Draws"]
    top = model.index_of(Scope(ScopeKind.COLLECTION, 1))
    assert model.index(0, 0, top).data() == "Inside"
    assert names(model, "tags") == ["Endgame"]
    assert names(model, "imports") == ["new", "old"]


def test_counts_are_kept_until_somebody_counts_again(model: SidebarModel) -> None:
    """A renamed collection keeps the count of its neighbour; an empty bin shows none."""
    smart = Scope(ScopeKind.SMART, 2)
    model.set_count(smart, 12)
    model.set_contents(SidebarContents(total=101, collections=(collection(2, "Draws"[:4], "result:draw"),)))
    assert model.index_of(smart).data(COUNT_ROLE) == 12
    assert model.index_of(ALL_GAMES).data(COUNT_ROLE) == 101
    assert model.index_of(THE_BIN).data(COUNT_ROLE) is None
    assert model.index_of(MY_GAMES).data(COUNT_ROLE) is None
    assert names(model, "tags") == ["Select games and press T"]


def test_a_typed_name_is_asked_for(qtbot: QtBot, model: SidebarModel) -> None:
    """Blanks around it go, an empty or unchanged name asks for nothing."""
    index = model.index_of(Scope(ScopeKind.TAG, 7))
    with qtbot.assertNotEmitted(model.renamed):
        model.setData(index, "   ")
        model.setData(index, "Endgame")
    with qtbot.waitSignal(model.renamed) as asked:
        model.setData(index, "  Rook   endings ")
    assert asked.args == [Scope(ScopeKind.TAG, 7), "Rook endings"]
    assert index.data() == "Rook endings"


@pytest.mark.parametrize(
    ("scope", "takes"),
    [
        (Scope(ScopeKind.COLLECTION, 1), True),
        (Scope(ScopeKind.TAG, 7), True),
        (Scope(ScopeKind.SMART, 2), False),
        (Scope(ScopeKind.IMPORT, 1), False),
        (ALL_GAMES, False),
        (THE_BIN, False),
    ],
)
def test_games_can_be_dropped_where_people_choose_them(
    qtbot: QtBot, model: SidebarModel, scope: Scope, takes: bool
) -> None:
    """A collection chosen by hand and a tag take games; what a filter or an import makes does not."""
    data, index = mime_of(GAMES_MIME, [5, 6, 2**40]), model.index_of(scope)
    assert model.canDropMimeData(data, COPY, -1, -1, index) is takes
    dropped: list[tuple[list[int], Scope]] = []
    model.games_dropped.connect(lambda target, ids: dropped.append((ids, target)))
    model.dropMimeData(data, COPY, -1, -1, index)
    assert dropped == ([([5, 6, 2**40], scope)] if takes else [])


def test_games_dropped_on_the_heading_make_a_collection(qtbot: QtBot, model: SidebarModel) -> None:
    """The heading stands for a new one."""
    with qtbot.waitSignal(model.games_dropped) as dropped:
        model.dropMimeData(mime_of(GAMES_MIME, [5]), COPY, -1, -1, model.head("collections"))
    assert dropped.args == [Scope(ScopeKind.COLLECTION), [5]]


def test_collections_are_ordered_by_dragging(qtbot: QtBot, model: SidebarModel) -> None:
    """Dropped between others they ask for that order; dropped where they are, for nothing; the rows stay until then."""
    data = model.mimeData([model.index_of(Scope(ScopeKind.SMART, 2))])
    assert ids_of(COLLECTION_MIME, data) == [2]
    head = model.head("collections")
    with qtbot.assertNotEmitted(model.collections_ordered):
        model.dropMimeData(data, MOVE, 2, 0, head)
    with qtbot.waitSignal(model.collections_ordered) as ordered:
        assert not model.dropMimeData(data, MOVE, 0, 0, head)
    assert ordered.args == [[2, 1]]
    assert names(model, "collections") == ["Model games", "Draws"]
    assert not model.canDropMimeData(data, MOVE, -1, -1, QModelIndex())


def test_a_scope_is_remembered_as_text() -> None:
    """What was written is read back; anything else, and the bin, is all games."""
    for scope in (ALL_GAMES, MY_GAMES, Scope(ScopeKind.SMART, 12)):
        assert Scope.parse(str(scope)) == scope
    for text in ("", "bin:0", "tag:x", "nonsense"):
        assert Scope.parse(text) == ALL_GAMES


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("/a/b/My games.pgn", "My games"),
        ("C:\\x\\y.PGN.zst", "y"),
        ("pasted text", "pasted text"),
        ("/a/b/", "b"),
        ("/x/games, /x/evals", "games and 1 more"),
        ("/x/Carlsen, Magnus.pgn", "Carlsen, Magnus"),
        ("a.pgn, Ding, Liren.pgn, b.pgn.gz", "a and 2 more"),
        ("C:\\x\\y.pgn, D:\\z", "y and 1 more"),
    ],
)
def test_imports_are_called_after_their_file(source: str, title: str) -> None:
    """Without its folder and its ending; of several the first is named. A comma may be part of a name."""
    assert import_title(source) == title
