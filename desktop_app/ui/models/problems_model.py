"""What an import could not take, or had to mend, as a table. Main thread; shown by `windows.receipt_dialog`."""

from __future__ import annotations

from desktop_app.domain.receipt import Problem
from desktop_app.ui.models.table_rows import TableRows


class ProblemsModel(TableRows[tuple[int, Problem]]):
    """One row for each problem; the number keeps equal problems apart."""

    titles = ("", "Game", "Line", "What happened", "Players", "File")

    def key(self, row: tuple[int, Problem]) -> object:
        """Its place in the receipt."""
        return row[0]

    def text(self, row: tuple[int, Problem], column: int) -> str:
        """Kind, game number, line, reason, players, source."""
        problem = row[1]
        white, black = problem.headers.get("White", ""), problem.headers.get("Black", "")
        return (
            problem.kind,
            "" if problem.game_index is None else str(problem.game_index + 1),
            str(problem.line),
            problem.reason,
            f"{white} \N{EN DASH} {black}" if white or black else "",
            problem.source.replace("\\", "/").rpartition("/")[2],
        )[column]

    def tip(self, row: tuple[int, Problem], column: int) -> str | None:
        """The whole reason, the whole path."""
        return row[1].source if column == 5 else self.text(row, column) or None

    def show(self, problems: list[Problem]) -> None:
        """Show these problems."""
        self.put(list(enumerate(problems)))
