"""What libpq makes of an address, and of the environment and services beside it, before it connects."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn

CONNECT_TIMEOUT_SECONDS = 10

# No server listens here, because it is no folder: libpq looks at all parameters, and gets no further.
_NOWHERE = "/dev/null"
_NUMBERS = {
    *("connect_timeout", "tcp_user_timeout"),
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
}
# One argument of `options`, and in it a character that a backslash protects.
_ARGUMENT = re.compile(r"(?:[^\s\\]|\\.)+", re.DOTALL)
_PROTECTED = re.compile(r"\\(.)", re.DOTALL)
_SETTING = re.compile(r"(?:-c|--)\s*([^=\s]+)=(.*)", re.DOTALL)


class BadParameter(Exception):
    """libpq does not take a parameter; the message is its own, and may quote the parameter's value."""


def completed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a connection, with what the environment and a service add to them.

    Where several of these give `options`, libpq takes those of one only. Here all of them hold; for one setting that
    is given several times the order is the environment, the service, the parameters. The connection's timeout is
    ours only where nobody else gives one.

    Args:
        given: parameters of libpq, by their names.

    Raises:
        BadParameter: one is not known, or has a value that libpq does not take, or the service is not known.
    """
    for name in _NUMBERS & given.keys():
        # libpq looks at these only when it has reached a server.
        if not re.fullmatch(r"\s*[-+]?[0-9]{1,9}\s*", str(given[name])):
            raise BadParameter(f'invalid integer value "{given[name]}" for connection option "{name}"')
    elsewhere = _as_libpq_sees({name: value for name, value in given.items() if name != "options"})
    sources = (os.environ.get("PGOPTIONS"), elsewhere.get("options"), given.get("options"))
    options = " ".join(dict.fromkeys(filter(None, sources)))
    # psycopg keeps to the timeout itself, and knows nothing of services.
    timeout = elsewhere.get("connect_timeout", CONNECT_TIMEOUT_SECONDS)
    return {**given, "connect_timeout": timeout} | ({"options": options} if options else {})


def settings(options: str) -> dict[str, str]:
    """Return the settings of the server that `options` give, by their names.

    Args:
        options: arguments such as `-c name=value` or `--name=value`, as PostgreSQL splits them.
    """
    return {name.replace("-", "_").lower(): value for name, value in _each_setting(options)}


def _each_setting(options: str) -> Iterator[tuple[str, str]]:
    arguments = iter([_PROTECTED.sub(r"\1", argument) for argument in _ARGUMENT.findall(options)])
    for argument in arguments:
        # The name and the value may be an argument of their own.
        whole = f"-c{next(arguments, '')}" if argument == "-c" else argument
        if found := _SETTING.fullmatch(whole):
            yield found[1], found[2]


def _as_libpq_sees(parameters: Mapping[str, Any]) -> dict[str, str]:
    hosts = str(parameters.get("host", "")).count(",") + 1
    # Ports and addresses of a service or the environment belong to hosts that are not asked here.
    local = {"host": ",".join([_NOWHERE] * hosts), "hostaddr": "", "port": parameters.get("port", "")}
    try:
        connection = PGconn.connect_start(make_conninfo(**{**parameters, **local}).encode())
    except psycopg.Error as error:
        raise BadParameter(str(error)) from None
    try:
        message = connection.get_error_message()
        # Every host that was tried is named.
        if message.count(_NOWHERE) < hosts:
            raise BadParameter(message)
        return {option.keyword.decode(): os.fsdecode(option.val) for option in connection.info if option.val}
    finally:
        connection.finish()
