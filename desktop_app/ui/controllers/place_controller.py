"""Where to analyse: this computer, a server, or both; tries a server out and keeps its token.

Main thread; network and keyring are asked in `runtime.operations`. Used by the page "Where to analyse" and started by
`workbench`; tells `batch_controller` where to search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop_app.domain.counting import counted
from desktop_app.engine.session import EngineSession
from desktop_app.errors import KibitzError, ServerBusyError, ServerUnreachableError
from desktop_app.remote.address import server_address
from desktop_app.remote.client import ServerClient
from desktop_app.remote.token_store import Keeping, TokenStore
from desktop_app.services.remote_job import RemotePlan, same_engine, server_identity
from desktop_app.ui.runtime.notices import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.ports import Evaluator
    from desktop_app.remote.protocol import ServerInfo
    from desktop_app.ui.controllers.batch_controller import BatchController
    from desktop_app.ui.controllers.desk import Desk

HERE, SERVER, BOTH = "here", "server", "both"
_FIRST_PAUSE_MS, _LONGEST_PAUSE_MS = 5_000, 60_000


@dataclass(frozen=True, slots=True)
class PlaceChoice:
    """`place` is "here", "server" or "both"; `server` an address, "" for none."""

    place: str = HERE
    server: str = ""


@dataclass(frozen=True, slots=True)
class KeptToken:
    """What is known of a server's token: where it is kept (None: nowhere), and why there is no keyring, or ""."""

    keeping: Keeping | None
    keyring_problem: str


class PlaceController(QObject):
    """Signals: `tested(ok, text)`; `token_known(KeptToken)`; `saved`; `refused(text)`; `preferences_changed(dict)`."""

    tested = Signal(bool, str)
    token_known = Signal(object)
    saved = Signal()
    refused = Signal(str)
    preferences_changed = Signal(object)

    def __init__(self, desk: Desk, batch: BatchController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._batch = desk, batch
        self.choice = PlaceChoice()
        self._tokens: TokenStore | None = None
        self._most_chunks, self._share = 64, 0.02
        self._asked = 0
        self._pause_ms = _FIRST_PAUSE_MS
        self._told = ""
        self._again = QTimer(self, singleShot=True)
        self._again.setObjectName("server again")
        self._again.timeout.connect(self._apply)

    def set_preferences(self, choice: PlaceChoice, *, file: Path, most_chunks: int, share: float) -> None:
        """What the settings say; `file` is for tokens whose owner wants them in one. Before `start`."""
        self.choice, self._tokens = choice, TokenStore(file)
        self._most_chunks, self._share = most_chunks, share

    def start(self) -> None:
        """Search where the settings say."""
        if self.choice.place != HERE:
            self._apply()

    def look_up_token(self, server: str) -> None:
        """Find out where this server's token is kept; `token_known` answers."""
        tokens = self._tokens
        if tokens is None:
            return

        def call() -> KeptToken:
            kept = tokens.get(server_address(server)) if server else None
            return KeptToken(kept[1] if kept else None, tokens.keyring_problem())

        def failed(_error: Exception) -> None:
            self.token_known.emit(KeptToken(None, tokens.keyring_problem()))

        self._desk.operations.read("Looking for the token", call, self.token_known.emit, failed)

    def test(self, server: str, token: str) -> None:
        """Ask a server who it is, with this token, or with the one that is kept; `tested` answers in sentences."""
        own = self._batch.engine_here[1]

        def call() -> str:
            client = self._client(server, token)
            try:
                return described(client.info(), own)
            finally:
                client.close()

        def failed(error: Exception) -> None:
            self.tested.emit(False, str(error) if isinstance(error, KibitzError) else f"The test failed: {error}")

        self._desk.operations.read("Testing the server", call, lambda text: self.tested.emit(True, text), failed)

    def save(self, choice: PlaceChoice, token: str, keeping: Keeping) -> None:
        """Search there from now on; a new token is kept as chosen, "" leaves what is kept. `saved` or `refused`."""
        tokens = self._tokens
        if tokens is None:
            return

        def call() -> PlaceChoice:
            address = server_address(choice.server) if choice.server or choice.place != HERE else ""
            if address and token:
                self._client(address, token).close()  # refuses what cannot be a token, or would be read on its way
                tokens.put(address, token, keeping)
            return PlaceChoice(choice.place, address)

        def done(clean: PlaceChoice) -> None:
            self.choice = clean
            self.preferences_changed.emit({"place": clean.place, "server": clean.server or None})
            self._pause_ms, self._told = _FIRST_PAUSE_MS, ""
            self._apply()
            self.saved.emit()

        self._desk.operations.read("Saving", call, done, lambda error: self.refused.emit(str(error)))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _client(self, server: str, token: str = "") -> ServerClient:
        """Operation thread."""
        address = server_address(server)
        if not token and self._tokens is not None:
            kept = self._tokens.get(address)
            token = kept[0] if kept else ""
        return ServerClient(address, token)

    @Slot()
    def _apply(self) -> None:
        """Tell the batch; where the server searches alone, its engine is asked for first."""
        self._again.stop()
        self._asked += 1
        number, choice = self._asked, self.choice
        if choice.place == HERE or not choice.server:
            self._batch.set_server(None, here=True, theirs=None)
            return
        plan = RemotePlan(
            open_client=lambda: self._client(choice.server),
            find_checker=self._checker,
            most_lanes=self._most_chunks,
            share=self._share,
        )
        if choice.place == BOTH:
            self._batch.set_server(plan, here=True, theirs=None)
            return

        def call() -> EngineIdentity:
            client = self._client(choice.server)
            try:
                return server_identity(client)
            finally:
                client.close()

        def done(theirs: EngineIdentity) -> None:
            if number == self._asked:
                self._pause_ms = _FIRST_PAUSE_MS
                self._batch.set_server(plan, here=False, theirs=theirs)

        def failed(error: Exception) -> None:
            if number == self._asked:
                self._on_no_server(error)

        self._desk.operations.read("Asking the server", call, done, failed)

    def _on_no_server(self, error: Exception) -> None:
        """The server searches alone and does not answer: ask again by and by; say it once."""
        text = str(error)
        passing = not isinstance(error, KibitzError) or isinstance(error, ServerUnreachableError | ServerBusyError)
        if text != self._told:
            self._told = text
            more = " Kibitz tries again by itself." if passing else ""
            self._desk.notices.post(f"{text}{more}", NoticeKind.WARNING)
        self._again.start(self._pause_ms)
        self._pause_ms = min(_LONGEST_PAUSE_MS, self._pause_ms * 2)

    def _checker(self, wanted: EngineIdentity) -> Callable[[int], Evaluator] | None:
        """This computer's engine where it is the one wanted. Any thread."""
        path, own = self._batch.engine_here
        if not path or own is None or not same_engine(own, wanted):
            return None
        return lambda hash_mb: EngineSession.open(path, hash_mb=hash_mb)


def described(info: ServerInfo, own: EngineIdentity | None) -> str:
    """A server in a few lines: version, engine and whether it is this computer's, workers, limits."""
    lines = [f"Kibitz analysis server {info.version}."]
    if info.engine is None:
        lines.append("It has no workers just now, so its engine is not known.")
        return "\n".join(lines)
    lines.append(f"Engine: {info.engine.name} (build {info.engine.build[:8]}).")
    searching = sum(worker.state not in {"waiting", ""} for worker in info.workers)
    lines.append(
        f"{counted(len(info.workers), 'worker')} with {counted(info.chunks_at_once, 'engine')}, {searching} at work."
    )
    if info.limits.batches_per_user is not None:
        lines.append(f"Analyses of one user at once: {info.limits.batches_per_user}; others wait in line.")
    if own is None:
        lines.append("This computer has no engine, so the server's evaluations are not spot-checked.")
    elif same_engine(own, info.engine):
        lines.append("This computer has the same engine: both can work on one analysis.")
    else:
        lines.append(f"This computer has {own.name} (build {own.build[:8]}): choose the server only, or this computer.")
    return "\n".join(lines)


__all__ = ["BOTH", "HERE", "SERVER", "KeptToken", "PlaceChoice", "PlaceController", "described"]
