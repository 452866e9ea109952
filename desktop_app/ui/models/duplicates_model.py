"""Games of an import that were there already, as a table. Main thread; shown by `windows.imports_dialog`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from desktop_app.domain.bin import Duplicate, Gain
from desktop_app.ui.models.problems_model import short_names
from desktop_app.ui.models.table_rows import TableRows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class DuplicatesModel(TableRows[Duplicate]):
    """One row for each duplicate, those that carry more first."""

    titles = ("Game", "Is already here as", "Carries more", "File")
    _names: Mapping[str, str] = MappingProxyType({})

    def key(self, row: Duplicate) -> object:
        """Its id."""
        return row.id

    def text(self, row: Duplicate, column: int) -> str:
        """Its number in the file, the stored game, what it carries, the file."""
        carries = ", ".join(gain.value for gain in Gain if gain in row.gains)
        return (
            str(row.game_index + 1),
            f"{row.title} (number {row.game_id})" if row.title else f"number {row.game_id}, which is gone",
            f"{carries}: taken over" if row.enriched else carries,
            self._names.get(row.source, row.source),
        )[column]

    def tip(self, row: Duplicate, column: int) -> str | None:
        """The whole path."""
        return row.source if column == len(self.titles) - 1 else None

    def show(self, duplicates: Sequence[Duplicate]) -> None:
        """Show these duplicates."""
        self._names = short_names({one.source for one in duplicates})
        self.put(duplicates)
