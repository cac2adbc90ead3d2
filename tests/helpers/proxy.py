"""TCP proxies in front of a PostgreSQL server, which cut connections: at a statement, or after numbers of bytes."""

from __future__ import annotations

import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import make_url

_COMMIT = b"COMMIT\0"
# The first statement of a journal's writer; a driver has its own transactions when it connects.
_WRITES = b"advisory_xact_lock"
# The tag of a completed command, with which a server acknowledges it.
_ACKNOWLEDGED = b"C\0\0\0\x0bCOMMIT\0"
# The first message of a client that would like TLS.
_ASKS_FOR_TLS = bytes.fromhex("00000008 04d2162f")


class _Proxy(ABC):
    """A proxy: two threads for each connection pass on what a client requests, and what the server answers.

    Args:
        url: the server's URL.
    """

    def __init__(self, url: str) -> None:
        self._given = make_url(url)
        self.cuts = 0
        self._ended = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._ends: list[socket.socket] = []
        address = self._given.difference_update_query(["host", "port"])
        self.url = (
            address.set(host="127.0.0.1", port=self._listening.getsockname()[1])
            .update_query_dict({"sslmode": "disable", "gssencmode": "disable"})
            .render_as_string(hide_password=False)
        )

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._ended.set()
        # Servers of a cluster keep connections to each other.
        _cut(*self._ends)
        for thread in self._threads:
            thread.join(10)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = self._connect()
            self._ends += [client, server]
            self._start(self._requests, client, server)
            self._start(self._answers, client, server)

    def _connect(self) -> socket.socket:
        host, port = self._given.query.get("host"), self._given.query.get("port", "5432")
        if isinstance(host, str) and host.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(Path(host) / f".s.PGSQL.{port}"))
            return server
        return socket.create_connection((self._given.host or str(host), self._given.port or int(str(port))))

    @abstractmethod
    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what a client sends, and cut the connection at the end."""

    @abstractmethod
    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what the server sends, and cut the connection at the end."""


class Proxy(_Proxy):
    """A proxy that cuts the first connection that commits, and passes everything on after that.

    Args:
        url: the server's URL.
        answered: whether the server gets the COMMIT, so that only its answer is lost.
        passing: the number of COMMITs to pass on before that.
        silent: keep the connection open, so that the client waits for the answer.
    """

    def __init__(self, url: str, *, answered: bool, passing: int = 0, silent: bool = False) -> None:
        super().__init__(url)
        self._answered = answered
        self._passing = passing
        self._silent = silent
        self._writing: set[socket.socket] = set()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        while data := _received(client):
            if _WRITES in data:
                self._writing.add(server)
            if not self._answered and _COMMIT in data and self._is_due(server):
                break
            if not _sent(server, data):
                break
        _cut(client, server)

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        while data := _received(server):
            if self._answered and _ACKNOWLEDGED in data and self._is_due(server):
                if self._silent:
                    self._ended.wait()
                break
            if not _sent(client, data):
                break
        _cut(client, server)

    def _is_due(self, server: socket.socket) -> bool:
        if server not in self._writing:
            return False
        if self._passing:
            self._passing -= 1
            return False
        self.cuts += 1
        return self.cuts == 1


class CuttingProxy(_Proxy):
    """A proxy that cuts a connection after a number of bytes in both directions, perhaps within a message.

    Args:
        url: the server's URL.
        distances: how many bytes pass until each cut; after the last one, everything passes.
    """

    def __init__(self, url: str, distances: Iterable[int] = ()) -> None:
        super().__init__(url)
        self._distances = iter(distances)
        self._left = next(self._distances, None)
        self._counting = threading.Lock()
        self.passed = 0

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        self._pass_on(client, server)

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        self._pass_on(server, client)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        while data := _received(source):
            with self._counting:
                part, is_cut = self._counted(data)
            if not _sent(target, part) or is_cut:
                break
        _cut(source, target)

    def _counted(self, data: bytes) -> tuple[bytes, bool]:
        """Return what is passed on of this, and whether the connection is cut after it."""
        is_cut = self._left is not None and self._left <= len(data)
        part = data[: self._left] if is_cut else data
        self.passed += len(part)
        if is_cut:
            self.cuts += 1
            self._left = next(self._distances, None)
        elif self._left is not None:
            self._left -= len(part)
        return part, is_cut


class StepProxy(_Proxy):
    """A proxy between the servers of a cluster, which cuts the first connection that sends a statement after `arm`.

    Args:
        url: the URL of the server that is asked.
        statement: how the statement begins, or a part of it.
        answered: whether that server gets the statement, so that only its answer is lost.
    """

    def __init__(self, url: str, statement: bytes, *, answered: bool) -> None:
        super().__init__(url)
        self._statement = statement
        self._answered = answered
        self._is_armed = threading.Event()
        self._losing: set[socket.socket] = set()

    @property
    def port(self) -> int:
        """The port to which clients connect."""
        return int(self._listening.getsockname()[1])

    def arm(self) -> None:
        """Cut from now on; what the servers tell each other before that passes."""
        self._is_armed.set()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        while data := _received(client):
            if data == _ASKS_FOR_TLS:
                # What is encrypted could not be read here.
                _sent(client, b"N")
                continue
            if self._is_armed.is_set() and self._statement in data and not self.cuts:
                self.cuts += 1
                if not self._answered:
                    break
                self._losing.add(server)
            if not _sent(server, data):
                break
        _cut(client, server)

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        while (data := _received(server)) and server not in self._losing:
            if not _sent(client, data):
                break
        _cut(client, server)


def _received(end: socket.socket) -> bytes:
    try:
        return end.recv(1_000_000)
    except OSError:
        return b""


def _sent(end: socket.socket, data: bytes) -> bool:
    try:
        end.sendall(data)
    except OSError:
        return False
    return True


def _cut(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
