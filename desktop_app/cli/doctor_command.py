"""`kibitz doctor`: what works here, what does not, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app import __version__, paths
from desktop_app.cli import output
from desktop_app.errors import EnvironmentLackingError

if TYPE_CHECKING:
    from argparse import Namespace


def run_doctor(arguments: Namespace) -> int:
    """Print all checks. 3 when something is missing that the headless commands need, else 0."""
    from desktop_app.services.doctor import examine
    from desktop_app.settings import SettingsStore

    store = SettingsStore(paths.settings_file())
    settings = store.current
    with output.ProgressLine() as line:
        checks = examine(
            library=paths.library_location(arguments.library),
            engine=settings.engine_path,
            syzygy=settings.syzygy or "",
            engines=settings.engines,
            resources=paths.resources_dir(),
            full=arguments.full,
            repair=arguments.repair,
            progress=line,
        )
    healthy = all(check.ok for check in checks if check.needed)
    if arguments.json:
        output.print_json(
            {
                "ok": healthy,
                "version": __version__,
                "checks": [check.to_json() for check in checks],
                "settings": {"path": str(paths.settings_file()), "problems": store.problems},
                "log": str(paths.log_dir()),
            }
        )
    else:
        print(f"Kibitz {__version__}\n")
        rows = []
        for check in checks:
            rows.append((check.word, check.name, check.text))
            if check.action and not check.ok:
                rows.append(("", "", f"-> {check.action}"))
        rows += [("note", "settings", problem) for problem in store.problems]
        rows.append(("", "log files", str(paths.log_dir())))
        print(output.table(("", "", ""), rows).lstrip())
    return 0 if healthy else EnvironmentLackingError.exit_code
