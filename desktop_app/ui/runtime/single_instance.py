"""One window for one library: a second start hands its files to the first and leaves.

Main thread. The first instance listens on a local socket named after the library; messages are one line of JSON.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import logging

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

_log = logging.getLogger(__name__)
_CONNECT_MS = 500
_ANSWER_MS = 3000
_MOST_BYTES = 1 << 20
_ANSWER = b"ok\n"


def server_name(library: str) -> str:
    """The socket's name: one for each user and library."""
    digest = hashlib.sha256(f"{getpass.getuser()}\0{library}".encode()).hexdigest()
    return f"kibitz-{digest[:20]}"


def hand_over(library: str, paths: list[str]) -> bool:
    """Give `paths` to the instance that has this library open. Returns False where there is none that answers.

    Waits at most a few seconds; meant for the start, before there is a window.
    """
    socket = QLocalSocket()
    socket.connectToServer(server_name(library))
    if not socket.waitForConnected(_CONNECT_MS):
        return False
    socket.write(json.dumps({"paths": paths}).encode() + b"\n")
    # Waiting for what is written already, or has come already, would only answer False at the deadline.
    while socket.bytesToWrite() and socket.waitForBytesWritten(_ANSWER_MS):
        pass
    answered = socket.bytesAvailable() > 0 or socket.waitForReadyRead(_ANSWER_MS)
    socket.disconnectFromServer()
    return answered


class FirstInstance(QObject):
    """Listens for later starts. Signals: `paths_received(list[str])`, possibly empty: then only show the window."""

    paths_received = Signal(object)

    def __init__(self, library: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)
        name = server_name(library)
        # Nobody answered there, so what is left over belongs to a dead process.
        if not self._server.listen(name):
            QLocalServer.removeServer(name)
            if not self._server.listen(name):
                _log.warning("later starts cannot be heard: %s", self._server.errorString())

    def close(self) -> None:
        """Stop listening. Idempotent."""
        self._server.close()

    @Slot()
    def _on_connection(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(self._on_ready)
            socket.disconnected.connect(socket.deleteLater)
            if socket.canReadLine():
                self._read(socket)

    @Slot()
    def _on_ready(self) -> None:
        socket = self.sender()
        if isinstance(socket, QLocalSocket):
            self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if socket.bytesAvailable() > _MOST_BYTES:
            socket.abort()
            return
        if not socket.canReadLine():
            return
        try:
            paths = [str(path) for path in json.loads(bytes(socket.readLine().data()))["paths"]]
        except (ValueError, KeyError, TypeError):
            socket.abort()
            return
        socket.write(_ANSWER)
        socket.flush()
        self.paths_received.emit(paths)
