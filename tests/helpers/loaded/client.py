"""What a test starts in place of the program: it has the program run in a copy, and ends as the copy does.

Run as `python -I -S client.py SOCKET ARGUMENT ...`. It imports only what is built in, so that it starts quickly.
"""

import _socket
import marshal
import posix
import sys

# The bytes of a number in a message.
NUMBER = 8


def main() -> None:
    path, *arguments = sys.argv[1:]
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    server.connect(path)
    streams = b"".join(stream.to_bytes(4, sys.byteorder) for stream in range(3))
    try:
        server.sendmsg([b"\0"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    except OSError:
        # A stream is closed.
        load(arguments)
    request = marshal.dumps((arguments, posix.getcwdb(), posix.environ, posix.getpgrp()))
    server.sendall(len(request).to_bytes(NUMBER, sys.byteorder) + request)
    answer = server.recv(NUMBER)
    if not answer:
        load(arguments)
    code = int.from_bytes(answer, sys.byteorder, signed=True)
    if code < 0:
        posix.kill(posix.getpid(), -code)
    posix._exit(code)


def load(arguments: list[str]) -> None:
    posix.execv(sys.executable, [sys.executable, "-m", "esjournal", *arguments])


if __name__ == "__main__":
    main()
