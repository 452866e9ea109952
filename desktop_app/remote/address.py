"""Where an analysis server is: the address as typed, checked and normalised. Pure; any thread."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from desktop_app.errors import UsageError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_EXAMPLE = "Type it as in https://chess.example.org or http://localhost:8765."


def server_address(text: str) -> str:
    """The address without a slash at its end; `https://` is put before a bare name.

    Raises UsageError for what is no address of a server, and for one with a password in it.
    """
    typed = text.strip()
    if not typed:
        raise UsageError("There is no address of an analysis server.", action=_EXAMPLE)
    if "://" not in typed:
        typed = f"https://{typed}"
    try:
        parts = urlsplit(typed)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{text.strip()!r} is no address: {error}.", action=_EXAMPLE) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(c.isspace() for c in typed):
        raise UsageError(f"{text.strip()!r} is no address of an analysis server.", action=_EXAMPLE)
    if parts.username is not None or parts.password is not None:
        raise UsageError("An address with a name or password in it is not used.", action="The token goes elsewhere.")
    if parts.query or parts.fragment:
        raise UsageError("The address of a server ends before any ? or #.", action=_EXAMPLE)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = host if port is None else f"{host}:{port}"
    return urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", ""))


def is_private(address: str) -> bool:
    """Whether a token may travel there without being read on its way: TLS, or this very machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.hostname or "") in _LOOPBACK
