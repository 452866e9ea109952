"""Reports of unexpected errors to a Sentry of the operator's own: off unless an address is set, without personal data.

Called once by `kibitz serve` and `kibitz worker` on the main thread, before they start. Sent are the stack, the kind of
error and versions. Left out are requests, users, host names, local variables and log lines; in texts everything that
may name a player or a place (PGN tags, whatever is quoted, addresses with passwords) is replaced.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from desktop_app import __version__
from desktop_app.errors import EnvironmentLackingError

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger(__name__)

VARIABLE = "KIBITZ_SENTRY_DSN"
_PERSONAL = ("request", "user", "server_name", "breadcrumbs", "extra", "modules", "transaction")
_TELLING = re.compile(r"""\[[A-Za-z_]+\s+"[^"]*"\]|"[^"]*"|'[^']*'|[a-z+]+://\S+""")


def start_sentry(environment: Mapping[str, str]) -> bool:
    """Begin to report where the environment names an address; whether it does.

    Raises:
        EnvironmentLackingError: an address is set and the package is missing, or the address is not one.
    """
    address = environment.get(VARIABLE, "").strip()
    if not address:
        return False
    try:
        import sentry_sdk  # noqa: PLC0415 - optional, and not loaded where nobody asked for it
        from sentry_sdk.utils import BadDsn  # noqa: PLC0415
    except ImportError as error:
        raise EnvironmentLackingError(
            f"{VARIABLE} is set and sentry-sdk is not installed.",
            action='Install it with: pip install "kibitz[sentry]"',
        ) from error
    try:
        sentry_sdk.init(
            dsn=address,
            release=f"kibitz@{__version__}",
            before_send=lambda event, _hint: scrubbed(event),  # type: ignore[arg-type, return-value]  # an event is a dict
            include_local_variables=False,
            max_breadcrumbs=0,
            server_name="",
            auto_session_tracking=False,
            send_client_reports=False,
            default_integrations=True,
            auto_enabling_integrations=False,
        )
    except BadDsn as error:
        raise EnvironmentLackingError(f"{VARIABLE} is no Sentry address: {error}.") from error
    _log.info("unexpected errors are reported to Sentry")
    return True


def scrubbed(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event without what may be personal."""
    kept = {name: value for name, value in event.items() if name not in _PERSONAL}
    if "logentry" in kept:
        # The template alone: its arguments are what the message was about.
        kept["logentry"] = {"message": _scrub(str(kept["logentry"].get("message", "")))}
    if "message" in kept:
        kept["message"] = _scrub(str(kept["message"]))
    values = (kept.get("exception") or {}).get("values") or []
    if values:
        kept["exception"] = {"values": [_exception(value) for value in values]}
    return kept


def _exception(value: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(value)
    kept["value"] = _scrub(str(value.get("value") or ""))
    frames = (value.get("stacktrace") or {}).get("frames") or []
    kept["stacktrace"] = {
        "frames": [{name: part for name, part in frame.items() if name not in {"vars", "abs_path"}} for frame in frames]
    }
    return kept


def _scrub(text: str) -> str:
    return _TELLING.sub("…", text)
