"""Fetch a file over https with progress, cancelling and resuming; nothing but the standard library.

A partial file survives restarts: beside it stands what it belongs to (address, the server's tag), and the next attempt
asks for the rest, on the condition that the file is still the same (Range with If-Range, RFC 9110 sections 13.1.5 and
14). Every wait has a time limit. Blocking; any thread but the window's. Called by `services.engine_download` and
`services.engine_releases`.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import json
import re
import urllib.error
import urllib.request
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from desktop_app.errors import CancelledError, EngineDownloadError

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.ports import CancelToken, ProgressSink

TIMEOUT_S = 30.0
MOST_REDIRECTS = 5
ATTEMPTS = 3
"""How often a broken connection is taken up again before the user is asked."""
_BLOCK = 64 * 1024
_MOST_TEXT = 4 * 1024 * 1024
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_CONTENT_RANGE = re.compile(r"^bytes (\d+)-(\d+)/(\d+)$")
_AGENT = {"User-Agent": "Kibitz", "Accept-Encoding": "identity"}
_OFFLINE = "Check the connection and try again; what has arrived is kept."


def checked_address(url: str) -> str:
    """The address itself, when it may be fetched: https, or this very computer.

    Raises:
        ValueError: it may not.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return url
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return url
    raise ValueError(f"{url} is not an https address")


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = MOST_REDIRECTS

    def redirect_request(  # noqa: PLR0917 - the signature is the standard library's
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        try:
            checked_address(newurl)
        except ValueError as error:
            raise EngineDownloadError(f"The server sends us on to {newurl}, which is not secure (https).") from error
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _open(url: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    try:
        request = urllib.request.Request(checked_address(url), headers={**_AGENT, **headers})  # noqa: S310 - checked
    except ValueError as error:
        raise EngineDownloadError(f"{error}, and nothing else is downloaded.") from error
    opener = urllib.request.build_opener(_Redirects)
    answer: http.client.HTTPResponse = opener.open(request, timeout=TIMEOUT_S)
    return answer


def fetch_text(url: str) -> str:
    """A small text.

    Raises:
        EngineDownloadError: it cannot be fetched, or is no text of reasonable size.
    """
    try:
        with _open(url, {}) as answer:
            data = answer.read(_MOST_TEXT + 1)
    except (OSError, http.client.HTTPException) as error:
        raise _told(url, error) from error
    if len(data) > _MOST_TEXT:
        raise EngineDownloadError(f"{url} is too large to be a list of releases.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EngineDownloadError(f"{url} is not a text.") from error


def fetch_unknown(url: str, path: Path, *, most: int) -> None:
    """A whole file of unknown size, at most `most` bytes: for who verifies releases, never for who installs them.

    Raises:
        EngineDownloadError: it cannot be fetched, or is larger.
    """
    try:
        with _open(url, {}) as answer, path.open("wb") as file:
            while data := answer.read(_BLOCK):
                file.write(data)
                if file.tell() > most:
                    raise EngineDownloadError(f"{url} is larger than {_mb(most)}.")
            announced = answer.headers.get("Content-Length", "")
    except (OSError, http.client.HTTPException) as error:
        raise _told(url, error) from error
    if announced.isdigit() and int(announced) != path.stat().st_size:
        raise EngineDownloadError(f"The connection to {urlsplit(url).hostname} broke.", action="Try again.")


def fetch_file(url: str, partial: Path, *, size: int, progress: ProgressSink, cancel: CancelToken) -> None:
    """Complete `partial` from `url`; it holds exactly `size` bytes afterwards.

    Whatever ends it before that (cancelled, broken connection, killed), what has arrived stays for the next call.

    Raises:
        EngineDownloadError: with a sentence; CancelledError.
    """
    for attempt in range(1, ATTEMPTS + 1):
        before = _length(partial)
        try:
            _fetch_rest(url, partial, size=size, progress=progress, cancel=cancel)
        except (OSError, http.client.HTTPException) as error:
            told = _told(url, error)
            if attempt == ATTEMPTS or not _may_pass(error) or _length(partial) <= before:
                raise told from error
            continue
        arrived = _length(partial)
        if arrived == size:
            _note(partial).unlink(missing_ok=True)
            return
        if attempt == ATTEMPTS or arrived <= before:
            raise EngineDownloadError(
                f"The connection broke after {_mb(arrived)} of {_mb(size)}.", action="Try again: it goes on from there."
            )


def _fetch_rest(url: str, partial: Path, *, size: int, progress: ProgressSink, cancel: CancelToken) -> None:
    start, headers = _where_to_go_on(url, partial, size)
    if start == size:
        return
    try:
        answer = _open(url, headers)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            partial.unlink(missing_ok=True)  # the file behind the address is another one now
            raise EngineDownloadError(
                "The file on the server has changed since the download began.", action="Try again: it starts anew."
            ) from error
        raise
    with answer:
        start = _agreed_start(answer, start, size)
        _write_note(url, partial, answer)
        with partial.open("r+b" if start else "wb") as file:
            file.seek(start)
            file.truncate()
            done = start
            progress.progress(done, size, "Downloading")
            while data := answer.read(min(_BLOCK, size - done) or 1):
                if cancel.cancelled():
                    raise CancelledError("The download was stopped; what has arrived is kept.")
                if done + len(data) > size:
                    raise EngineDownloadError(f"The server sends more than the {_mb(size)} that were announced.")
                file.write(data)
                done += len(data)
                progress.progress(done, size, "Downloading")
            if cancel.cancelled():
                raise CancelledError("The download was stopped; what has arrived is kept.")


def _where_to_go_on(url: str, partial: Path, size: int) -> tuple[int, dict[str, str]]:
    """How many bytes are there already, and how to ask for the rest."""
    arrived = _length(partial)
    if not arrived:
        return 0, {}
    try:
        note = json.loads(_note(partial).read_text(encoding="utf-8"))
        validator = str(note["validator"]) if note["url"] == url else ""
    except (OSError, ValueError, KeyError, TypeError):
        validator = ""
    if not validator or arrived > size:
        return 0, {}
    if arrived == size:
        return size, {}
    return arrived, {"Range": f"bytes={arrived}-", "If-Range": validator}


def _agreed_start(answer: http.client.HTTPResponse, asked: int, size: int) -> int:
    """Where the server's data begins: where we asked, or at 0 when it does not know ranges or the file has changed."""
    start, total = 0, answer.headers.get("Content-Length", "")
    if answer.status == http.HTTPStatus.PARTIAL_CONTENT:
        found = _CONTENT_RANGE.match(answer.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != asked:
            raise EngineDownloadError("The server answers with another part of the file than was asked for.")
        start, total = asked, found[3]
    if total.isdigit() and int(total) != size:
        raise EngineDownloadError(
            f"The file on the server has {int(total):,} bytes, not the {size:,} that were verified.",
            action="Refresh the list of releases, or tell us.",
        )
    return start


def _write_note(url: str, partial: Path, answer: http.client.HTTPResponse) -> None:
    tag = answer.headers.get("ETag", "")
    validator = tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified", "")
    _note(partial).write_text(json.dumps({"url": url, "validator": validator}), encoding="utf-8")


def _note(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.from")


def _length(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0


def _may_pass(error: Exception) -> bool:
    """Whether trying again at once may help: the line broke, the disk and the server's answer are not to blame."""
    if isinstance(error, urllib.error.HTTPError):
        return False
    return not (isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS})


def _told(url: str, error: Exception) -> EngineDownloadError:
    """The sentence for what went wrong."""
    host = urlsplit(url).hostname or url
    if isinstance(error, urllib.error.HTTPError):
        return _refused(url, host, error)
    if isinstance(error, urllib.error.URLError):
        return EngineDownloadError(f"{host} cannot be reached: {error.reason}.", action=_OFFLINE)
    if isinstance(error, TimeoutError):
        return EngineDownloadError(f"{host} did not answer for {TIMEOUT_S:.0f} s.", action=_OFFLINE)
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return EngineDownloadError("There is no room left on the disk.", action="Make room; what has arrived is kept.")
    if isinstance(error, OSError) and error.filename:
        return EngineDownloadError(
            f"{error.filename} cannot be written: {error.strerror}.", action="Check the folder's permissions."
        )
    return EngineDownloadError(f"The connection to {host} broke: {error}.", action=_OFFLINE)


def _refused(url: str, host: str, error: urllib.error.HTTPError) -> EngineDownloadError:
    error.close()
    if error.code == http.HTTPStatus.NOT_FOUND:
        return EngineDownloadError(f"{host} has no file {url}.", action="Refresh the list of releases.")
    if 300 <= error.code < 400:
        return EngineDownloadError(f"{host} sends us on and on.", action="Refresh the list of releases.")
    return EngineDownloadError(f"{host} answers with error {error.code}.", action="Try again later.")


def _mb(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
