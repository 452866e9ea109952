"""`kibitz imports`: every import the library remembers, the receipt of one of them, the text that was rejected."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from desktop_app.cli import output
from desktop_app.cli.opening import open_library
from desktop_app.domain.counting import counted
from desktop_app.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from desktop_app.domain.receipt import Problem
    from desktop_app.domain.rows import ImportBatch
    from desktop_app.library.library import Library
    from desktop_app.services.receipts import ImportAccount

_HEAD = ("import", "when", "state", "read", "new", "known", "rejected", "repaired", "source")


def run_imports(arguments: Namespace) -> int:
    """List the imports, or tell one again."""
    with open_library(arguments, reads=True) as library:
        if arguments.batch is None:
            if arguments.rejected_text:
                raise UsageError("Which import is meant?", action="`kibitz imports` lists them with their numbers.")
            _list(library.imports.list(), as_json=arguments.json)
        elif arguments.rejected_text:
            _print_rejected(library, arguments.batch)
        else:
            _tell(library, arguments.batch, as_json=arguments.json)
    return 0


def _list(batches: list[ImportBatch], *, as_json: bool) -> None:
    if as_json:
        output.print_json({"imports": [asdict(batch) for batch in batches]})
    elif batches:
        print(output.table(_HEAD, [_row(batch) for batch in batches], right=frozenset({0, 3, 4, 5, 6, 7})))
        print("`kibitz imports NUMBER` shows a receipt, `kibitz undo-import NUMBER` takes an import back.")
    else:
        print("Nothing was imported yet.")


def _row(batch: ImportBatch) -> tuple[object, ...]:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(batch.started_at))
    counts = (batch.read, batch.imported, batch.duplicates, batch.rejected, batch.repaired)
    return (batch.id, when, batch.state.value, *counts, batch.source)


def _tell(library: Library, batch_id: int, *, as_json: bool) -> None:
    from desktop_app.services.receipts import import_account

    account = import_account(library, batch_id)
    if as_json:
        output.print_json(_as_json(account))
        return
    print(output.table(_HEAD, [_row(account.batch)], right=frozenset({0, 3, 4, 5, 6, 7})))
    for problem in account.problems:
        print(f"  {_problem(problem)}")
    if len(account.problems) < account.batch.rejected + account.batch.repaired:
        print("  … and more (the window's File > Imports shows all).")
    if account.enrichable:
        print(f"{counted(account.enrichable, 'stored game')} could be enriched with what duplicates carry.")
    if account.entry is not None:
        print(f"Undone: `kibitz bin restore {account.entry.id}` brings its games back.")
    if any(problem.text for problem in account.problems):
        print(f"`kibitz imports {batch_id} --rejected-text` prints the text that was left out, to be mended.")


def _problem(problem: Problem) -> str:
    game = "" if problem.game_index is None else f", game {problem.game_index + 1}"
    mended = " (mended since)" if problem.mended else ""
    where = output.one_line(f"{problem.source}, line {problem.line}{game}")
    return f"{problem.kind}: {where}: {output.one_line(problem.reason)}{mended}"


def _as_json(account: ImportAccount) -> dict[str, Any]:
    return asdict(account.batch) | {
        "problems": [problem.to_json() | {"mended": problem.mended} for problem in account.problems],
        "enrichable": account.enrichable,
        "undone": None if account.entry is None else account.entry.id,
    }


def _print_rejected(library: Library, batch_id: int) -> None:
    """The texts left out, one after another, each under a comment line that PGN readers pass over."""
    library.imports.get(batch_id)
    texts = [problem for problem in library.imports.problems(batch_id) if problem.text and problem.kind == "rejected"]
    if not texts:
        raise NotFoundError(f"Import {batch_id} left no text out.")
    for problem in texts:
        print(f"% {_problem(problem)}\n{problem.text.strip()}\n")
