"""Where the token of an analysis server is kept: the system's keyring, a file only its owner reads, or memory alone.

Never in the settings, never in a log. Blocking (a keyring may ask the user to unlock it); any thread but the GUI's.
Used by the window's page "Where to analyse" and by the command line.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import stat
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Final

from desktop_app.errors import EnvironmentLackingError, SourceUnreadableError

_log = logging.getLogger(__name__)

SERVICE: Final = "kibitz analysis server"
_MOST_BYTES = 4096


class Keeping(StrEnum):
    """Where a token is kept."""

    KEYRING = "keyring"
    FILE = "file"
    SESSION = "session"


class TokenStore:
    """Tokens by server address."""

    def __init__(self, file: Path) -> None:
        """`file` is where tokens go when the user chose a file."""
        self._file = file
        self._session: dict[str, str] = {}

    def keyring_problem(self) -> str:
        """Why there is no keyring to keep a token in; "" where there is one."""
        try:
            import keyring  # noqa: PLC0415 - slow to load, and absent where there is no window
            from keyring.backends import fail  # noqa: PLC0415 - as above

            backend = keyring.get_keyring()
        except Exception as error:  # noqa: BLE001 - backends fail in ways of their own while they are looked for
            return f"This computer's keyring cannot be used ({type(error).__name__})."
        if isinstance(backend, fail.Keyring) or backend.priority <= 0:
            return "This computer has no keyring that keeps passwords."
        return ""

    def put(self, address: str, token: str, keeping: Keeping) -> None:
        """Keep a token, and nowhere else any more.

        Raises EnvironmentLackingError: the keyring or the file does not take it; nothing is kept then.
        """
        self.forget(address)
        match keeping:
            case Keeping.KEYRING:
                self._put_into_keyring(address, token)
            case Keeping.FILE:
                self._write({**self._read(), address: token})
            case Keeping.SESSION:
                self._session[address] = token

    def get(self, address: str) -> tuple[str, Keeping] | None:
        """The token and where it is kept; None for a server without one."""
        if address in self._session:
            return self._session[address], Keeping.SESSION
        token = self._read().get(address)
        if token:
            return token, Keeping.FILE
        if not self.keyring_problem():
            import keyring  # noqa: PLC0415 - as above

            try:
                token = keyring.get_password(SERVICE, address)
            except Exception as error:  # noqa: BLE001 - every backend has errors of its own
                _log.warning("the keyring did not give the token: %s", type(error).__name__)
            if token:
                return token, Keeping.KEYRING
        return None

    def forget(self, address: str) -> None:
        """Keep it no longer, wherever it is."""
        self._session.pop(address, None)
        kept = self._read()
        if kept.pop(address, None) is not None:
            self._write(kept)
        if not self.keyring_problem():
            import keyring  # noqa: PLC0415 - as above

            with contextlib.suppress(Exception):
                keyring.delete_password(SERVICE, address)

    def _put_into_keyring(self, address: str, token: str) -> None:
        problem = self.keyring_problem()
        if not problem:
            import keyring  # noqa: PLC0415 - as above

            try:
                keyring.set_password(SERVICE, address, token)
            except Exception as error:  # noqa: BLE001 - every backend has errors of its own
                problem = f"The keyring did not take the token ({type(error).__name__})."
        if problem:
            raise EnvironmentLackingError(
                problem, action="Keep the token until Kibitz ends, or in a file that only you can read."
            )

    def _read(self) -> dict[str, str]:
        try:
            data = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            _log.warning("the file of tokens cannot be read: %s", type(error).__name__)
            return {}
        return {str(name): str(value) for name, value in data.items()} if isinstance(data, dict) else {}

    def _write(self, tokens: dict[str, str]) -> None:
        """Replace the file whole; it is its owner's alone from the first byte on."""
        try:
            if not tokens:
                self._file.unlink(missing_ok=True)
                return
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=".token.", text=True)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                Path(name).chmod(stat.S_IRUSR | stat.S_IWUSR)
                json.dump(tokens, stream)
            Path(name).replace(self._file)
        except OSError as error:
            raise EnvironmentLackingError(f"The token cannot be kept in {self._file}: {error}.") from error


def token_from_file(path: str) -> str:
    """The token in a file of the user's own. Raises SourceUnreadableError."""
    try:
        content = Path(path).read_bytes()[:_MOST_BYTES].decode("ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadableError(f"There is no token to be read in {path} ({error}).") from error
    if len(content) != 1:
        raise SourceUnreadableError(f"{path} holds something else than one token.")
    return content[0]
