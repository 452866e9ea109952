"""Start of the program, as `kibitz` and as `python -m desktop_app`: hands over to the command line or the window."""

from __future__ import annotations

import multiprocessing
import sys


def main() -> int:
    """Run Kibitz with the arguments of this process; the result is its exit code."""
    from desktop_app.bootstrap import open_window
    from desktop_app.cli.main import main as run

    return run(sys.argv[1:], open_window)


if __name__ == "__main__":
    # In a frozen build the processes that parse games start here too.
    multiprocessing.freeze_support()
    sys.exit(main())
