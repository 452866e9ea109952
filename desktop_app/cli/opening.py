"""Opening the library that a command names. Main thread; called by every command but `import`, `serve` and `token`."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from desktop_app import paths
from desktop_app.errors import LibraryMissingError

if TYPE_CHECKING:
    from argparse import Namespace

    from desktop_app.library.library import Library


def open_library(arguments: Namespace, *, reads: bool = False) -> Library:
    """Open the library of a command that needs one to be there; `reads`: one that is read-only will do.

    Somebody who mistypes a path wants to hear of it, not to be told that a library made just now is empty. Only the
    per-user library, which nobody names, is made where there is none yet.

    Raises LibraryMissingError, with the import that would make it, and the other LibraryError kinds.
    """
    from desktop_app.library.library import Library

    named = arguments.library or os.environ.get(paths.LIBRARY_VARIABLE)
    try:
        return Library.open(paths.library_location(named), create=not named, allow_read_only=reads)
    except LibraryMissingError as error:
        raise LibraryMissingError(error.text, action=_advice(arguments.library)) from error


def _advice(named: str | None) -> str:
    if named is None:
        return f"Check {paths.LIBRARY_VARIABLE}, or import games into it with `kibitz import PATH`."
    shown = named if "://" not in named else "URL"  # which may hold a password
    return f"Check the path, or import games into it with `kibitz import PATH --library {shlex.quote(shown)}`."
