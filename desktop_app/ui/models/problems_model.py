"""What an import could not take, or had to mend, as a table. Main thread; shown by `windows.imports_dialog`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from desktop_app.domain.receipt import Problem
from desktop_app.ui.models.table_rows import TableRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def short_names(sources: Iterable[str]) -> dict[str, str]:
    """Paths without the folders they all share: what tells them apart comes first."""
    paths = {source: source.replace("\\", "/").split("/") for source in sources}
    folders = [parts[:-1] for parts in paths.values()]
    shared = 0
    for level in zip(*folders, strict=False):
        if len(set(level)) > 1:
            break
        shared += 1
    return {source: "/".join(parts[shared:]) for source, parts in paths.items()}


class ProblemsModel(TableRows[tuple[int, Problem]]):
    """One row for each problem; the number keeps equal problems apart."""

    titles = ("", "Game", "Line", "What happened", "Players", "File")
    _names: Mapping[str, str] = MappingProxyType({})

    def key(self, row: tuple[int, Problem]) -> object:
        """Its place in the receipt."""
        return row[0]

    def text(self, row: tuple[int, Problem], column: int) -> str:
        """Kind, game number, line, reason, players, source."""
        problem = row[1]
        white, black = problem.headers.get("White", ""), problem.headers.get("Black", "")
        return (
            "mended" if problem.mended else problem.kind,
            "" if problem.game_index is None else str(problem.game_index + 1),
            str(problem.line),
            problem.reason.replace(problem.source, self._names.get(problem.source, problem.source)),
            f"{white} \N{EN DASH} {black}" if white or black else "",
            self._names.get(problem.source, problem.source),
        )[column]

    def tip(self, row: tuple[int, Problem], column: int) -> str | None:
        """The whole reason, the whole path."""
        if column == 3:
            return row[1].reason
        return row[1].source if column == 5 else self.text(row, column) or None

    def show(self, problems: list[Problem]) -> None:
        """Show these problems."""
        self._names = short_names({problem.source for problem in problems})
        self.put(list(enumerate(problems)))
