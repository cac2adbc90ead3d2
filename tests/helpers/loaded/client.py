"""What a test starts in place of the program: it has the program run in a copy, and ends as the copy does.

Run as `python -I -S client.py SOCKET USER ARGUMENT ...`; USER is a number, or empty for the rights of the server. It
imports only what is built in, so that it starts quickly. If the copy would not be as the program is, it becomes the
program.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # Importing signal would take longer than the rest.
import _socket
import marshal
import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn

# The bytes of a number in a message.
NUMBER = 8
STREAMS = 3
FORWARDED = (_signal.SIGINT, _signal.SIGTERM)


def main() -> None:
    path, user, *arguments = sys.argv[1:]
    if not is_usual():
        load(user, arguments)
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    server = ask(path, (user, arguments, posix.getcwdb(), posix.environ, posix.getpgrp()), range(STREAMS))
    for number in FORWARDED:
        _signal.signal(number, lambda number, frame: server.send(bytes([number])))
    code = answer_of(server)
    if code is None:
        load(user, arguments)
    end(code)


def ask(path: str, request: tuple[Any, ...], streams: Iterable[int]) -> _socket.socket:
    """Have the server run the program in a copy, with three streams, and return the connection to it.

    Args:
        path: the server's socket.
        request: the fields of `tests.helpers.loaded.server.Request`.
        streams: descriptors of its standard input, output and error.
    """
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    server.connect(path)
    given = b"".join(stream.to_bytes(4, sys.byteorder) for stream in streams)
    server.sendmsg([b"\0"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, given)])
    text = marshal.dumps(request)
    server.sendall(len(text).to_bytes(NUMBER, sys.byteorder) + text)
    return server


def answer_of(server: _socket.socket) -> int | None:
    """Wait for the exit code, which is negative after a signal; None if a copy would not be as the program is."""
    answer = server.recv(NUMBER)
    return int.from_bytes(answer, sys.byteorder, signed=True) if answer else None


def is_usual() -> bool:
    """Say whether no signal is ignored, and whether the three streams are open and nothing else."""
    # One more is the folder that is being read.
    only_streams = len(posix.listdir("/dev/fd")) == STREAMS + 1 and all(map(is_open, range(STREAMS)))
    return only_streams and not any(_signal.getsignal(number) == _signal.SIG_IGN for number in FORWARDED)


def is_open(descriptor: int) -> bool:
    try:
        posix.fstat(descriptor)
    except OSError:
        return False
    return True


def load(user: str, arguments: list[str]) -> NoReturn:
    if user:
        sys.exit("another user may not be able to load the program")
    posix.execv(sys.executable, [sys.executable, "-m", "esjournal", *arguments])


def end(code: int) -> NoReturn:
    """End with an exit code, or by a signal if it is negative."""
    if code < 0:
        if code != -_signal.SIGKILL:
            _signal.signal(-code, _signal.SIG_DFL)
        posix.kill(posix.getpid(), -code)
    posix._exit(code)


if __name__ == "__main__":
    main()
