"""Errors that Kibitz knows about; each carries a sentence for the user and, where there is one, what to do.

Anything else that escapes is a bug and goes to the crash report. The tree::

    KibitzError                      exit code 1
    ├── UsageError                   2   the command or the expression is wrong
    │   └── FilterSyntaxError        2   with the column where reading stopped
    ├── EnvironmentLackingError      3   something outside Kibitz is missing or in the way
    │   ├── EngineNotFoundError      3
    │   ├── EngineUnusableError      3   found, but not a working UCI engine
    │   ├── EngineDownloadError      3   the official build could not be fetched; the old engine stays in force
    │   ├── LibraryError             3   cannot be opened or written
    │   │   ├── LibraryMissingError  3   nothing is there, and none was to be made
    │   │   ├── LibraryTooNewError   3
    │   │   ├── LibraryCorruptError  3
    │   │   ├── LibraryLockedError   3
    │   │   ├── LibraryReadOnlyError 3
    │   │   ├── LibraryClosedError   3   a late caller after close
    │   │   └── DiskFullError        3
    │   ├── JobOwnedElsewhereError   3   another living process runs the library's job
    │   └── ServerError              3   an analysis server cannot be used
    │       ├── ServerUnreachableError   3   no network, nobody there, it went away, no secure connection
    │       ├── ServerBusyError          3   it asks to come again later; knows when
    │       ├── ServerRefusedError       3   the token, or what was asked, is refused: asking again does not help
    │       ├── ServerIncompatibleError  3   not a Kibitz server, or one of another version or engine
    │       └── ServerLiedError          3   an answer that cannot be true
    ├── SourceUnreadableError        1   a file or folder to import cannot be read
    ├── NotFoundError                1   no such game, job or batch
    ├── BatchRefusedError            1   an analysis server does not take this batch, or not now
    ├── CancelledError               1   the user asked to stop; what was done is kept
    └── EngineFaultError             1   one search failed; costs a retry on a fresh process
        ├── EngineHungError          1
        ├── EngineCrashedError       1
        └── EngineLiedError          1   an illegal move, no exact score, garbage
"""


class KibitzError(Exception):
    """A known failure.

    Attributes:
        text: one sentence for the user: what failed and where.
        action: one sentence that says what to do, or an empty string.
        exit_code: what a headless command returns when this ends it (product.md section 3).
    """

    exit_code = 1

    def __init__(self, text: str, *, action: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.action = action

    def __str__(self) -> str:
        return f"{self.text} {self.action}".rstrip()


class UsageError(KibitzError):
    """The command line, or something typed into a field, cannot be understood."""

    exit_code = 2


class FilterSyntaxError(UsageError):
    """A filter expression cannot be read.

    Attributes:
        column: 0-based place in the expression where reading stopped.
    """

    def __init__(self, text: str, *, column: int, action: str = "") -> None:
        super().__init__(text, action=action)
        self.column = column


class EnvironmentLackingError(KibitzError):
    """Something outside Kibitz is missing or in the way; the message says how to get it."""

    exit_code = 3


class EngineNotFoundError(EnvironmentLackingError):
    """No UCI engine was found in any of the usual places."""


class EngineUnusableError(EnvironmentLackingError):
    """The file exists but did not answer the UCI handshake as an engine."""


class EngineDownloadError(EnvironmentLackingError):
    """An engine could not be downloaded or installed, or must not be; nothing that was there has changed."""


class LibraryError(EnvironmentLackingError):
    """The library cannot be opened, read or written."""


class LibraryMissingError(LibraryError):
    """There is no library at that place, and none was to be made."""


class LibraryTooNewError(LibraryError):
    """A newer Kibitz wrote this library; it is refused untouched."""


class LibraryCorruptError(LibraryError):
    """The file is not a library, or its pages are damaged."""


class LibraryLockedError(LibraryError):
    """Another process held the library longer than we may wait."""


class LibraryReadOnlyError(LibraryError):
    """The file or its folder cannot be written."""


class LibraryClosedError(LibraryError):
    """The library was closed while this was waiting, or before it asked."""


class DiskFullError(LibraryError):
    """There is no room left; the last transaction was rolled back whole."""


class JobOwnedElsewhereError(EnvironmentLackingError):
    """A living process already runs this library's job; the text names it."""


class ServerError(EnvironmentLackingError):
    """The analysis server cannot be used now, or not at all."""


class ServerUnreachableError(ServerError):
    """Nobody answers at that address, or the connection broke: worth another try later."""


class ServerBusyError(ServerError):
    """The server asks to come again later.

    Attributes:
        retry_after_s: when, in seconds from now.
    """

    def __init__(self, text: str, *, action: str = "", retry_after_s: float = 10.0) -> None:
        super().__init__(text, action=action)
        self.retry_after_s = retry_after_s


class ServerRefusedError(ServerError):
    """The token is missing, wrong, revoked or lacks a right, or the request itself is refused."""


class ServerIncompatibleError(ServerError):
    """What answers is no analysis server of ours, speaks another version, or searches with another engine."""


class ServerLiedError(ServerError):
    """An answer that cannot be true: not asked for, not legal, not proven, or too large."""


class SourceUnreadableError(KibitzError):
    """A file or folder named for import cannot be read at all."""


class NotFoundError(KibitzError):
    """No game, job or import batch has this id."""


class CancelledError(KibitzError):
    """The user asked to stop. What was committed before stays."""


class EngineFaultError(KibitzError):
    """One search failed. The engine process is dropped; the chunk may be tried once more on a fresh one."""


class EngineHungError(EngineFaultError):
    """No answer before the deadline."""


class EngineCrashedError(EngineFaultError):
    """The process ended, or its pipes did."""


class EngineLiedError(EngineFaultError):
    """An answer that cannot be true: an illegal move, no exact score, garbage."""


class BatchRefusedError(KibitzError):
    """An analysis server does not do this with a batch, or not now.

    Attributes:
        code: which of the reasons in docs/server-api.md.
        retry_after_s: when asking again may help; None where it never does.
    """

    def __init__(self, text: str, *, code: str, action: str = "", retry_after_s: int | None = None) -> None:
        super().__init__(text, action=action)
        self.code = code
        self.retry_after_s = retry_after_s
