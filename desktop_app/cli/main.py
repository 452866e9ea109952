"""Runs what was typed and turns every ending into an exit code and at most one line on stderr.

Called by `__main__` with a function that opens the window, so that this package never knows the user interface.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from typing import TYPE_CHECKING

from desktop_app import __version__
from desktop_app.cli import output
from desktop_app.cli.interrupt import EXIT_CODE as INTERRUPTED
from desktop_app.cli.parser import Invocation, parse
from desktop_app.errors import CancelledError, EnvironmentLackingError, KibitzError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.log import LogTail

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_RUNNERS = {
    "import": ("desktop_app.cli.library_commands", "run_import"),
    "list": ("desktop_app.cli.library_commands", "run_list"),
    "analyse": ("desktop_app.cli.analyse_command", "run_analyse"),
    "show": ("desktop_app.cli.library_commands", "run_show"),
    "export": ("desktop_app.cli.library_commands", "run_export"),
    "regrade": ("desktop_app.cli.regrade_command", "run_regrade"),
    "marks": ("desktop_app.cli.marks_command", "run_marks"),
    "delete": ("desktop_app.cli.bin_command", "run_delete"),
    "bin": ("desktop_app.cli.bin_command", "run_bin"),
    "imports": ("desktop_app.cli.imports_command", "run_imports"),
    "undo-import": ("desktop_app.cli.bin_command", "run_undo_import"),
    "find-position": ("desktop_app.cli.position_command", "run_find_position"),
    "edit": ("desktop_app.cli.edit_command", "run_edit"),
    "edits": ("desktop_app.cli.edit_command", "run_edits"),
    "undo-edit": ("desktop_app.cli.edit_command", "run_undo_edit"),
    "merge-players": ("desktop_app.cli.edit_command", "run_merge_players"),
    "backup": ("desktop_app.cli.care_command", "run_backup"),
    "compact": ("desktop_app.cli.care_command", "run_compact"),
    "tag": ("desktop_app.cli.sets_command", "run_tag"),
    "collection": ("desktop_app.cli.sets_command", "run_collection"),
    "person": ("desktop_app.cli.person_command", "run_person"),
    "engine": ("desktop_app.cli.engine_command", "run_engine"),
    "doctor": ("desktop_app.cli.doctor_command", "run_doctor"),
    "serve": ("desktop_app.cli.serve_command", "run_serve"),
    "token": ("desktop_app.cli.serve_command", "run_token"),
    "worker": ("desktop_app.cli.worker_command", "run_worker"),
    "bench": ("desktop_app.cli.bench_command", "run_bench"),
}
"""Where each command lives: a function from its parsed arguments to an exit code."""


def main(argv: Sequence[str], open_window: Callable[[list[str], str | None], int]) -> int:
    """Run one command line and return the exit code.

    Args:
        argv: the arguments without the program's name.
        open_window: opens the window with paths to import and the library named, and returns its exit code.
    """
    output.use_utf8()
    try:
        invocation = parse(argv, __version__)
    except KibitzError as error:
        output.complain(str(error))
        return error.exit_code
    except SystemExit as done:  # --help, --version
        return int(done.code or 0)
    if invocation.command is None:
        arguments = invocation.arguments
        return guarded(lambda: open_window(arguments.paths, arguments.library))
    return guarded(lambda: _run(invocation))


def guarded(run: Callable[[], int]) -> int:
    """Run a command with logging set up; turn whatever it raises into an exit code and one line on stderr."""
    from desktop_app import log, paths

    tail = log.set_up(paths.log_dir())
    try:
        code = run()
        sys.stdout.flush()
    except CancelledError as error:
        output.complain(str(error))
        return INTERRUPTED
    except KibitzError as error:
        output.complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        output.complain("Stopped. What was stored before is kept.")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough.
        _silence()
        return 0
    except Exception as error:  # noqa: BLE001 (the last line of defence: a fault becomes a file and one line)
        return _report_fault(error, tail)
    finally:
        log.tear_down()
    return code


def _silence() -> None:
    """Python flushes stdout once more at exit: let that go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(invocation: Invocation) -> int:
    module, function = _RUNNERS[str(invocation.command)]
    runner: Callable[[object], int] = getattr(importlib.import_module(module), function)
    return runner(invocation.arguments)


def _report_fault(error: Exception, tail: LogTail) -> int:
    from desktop_app import log, paths

    if isinstance(error, OSError) and error.errno in NO_ROOM:
        # The library and exports say so themselves: what is left is our own output, or a temporary file.
        output.complain(
            "There is no room left on the disk for what this command writes. Free some space and try again."
        )
        _silence()
        return EnvironmentLackingError.exit_code
    report = log.write_report(paths.log_dir(), error, tail.lines())
    where = f"Details are in {report}." if report else "No file could be written with the details."
    output.complain(f"This is a fault in Kibitz itself ({type(error).__name__}: {error}). {where}")
    return 1
