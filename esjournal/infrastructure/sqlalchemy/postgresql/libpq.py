"""The parameters of a connection as libpq completes them, from the URL, the environment and services."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn

CONNECT_TIMEOUT_SECONDS = 10

# Not a folder, so no server listens here: libpq checks all parameters, and fails to connect.
_NOWHERE = "/dev/null"
_NUMBERS = {
    *("connect_timeout", "tcp_user_timeout"),
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
}
# One argument of `options`, and an escaped character in it.
_ARGUMENT = re.compile(r"(?:[^\s\\]|\\.)+", re.DOTALL)
_PROTECTED = re.compile(r"\\(.)", re.DOTALL)
_SETTING = re.compile(r"(?:-c|--)\s*([^=\s]+)=(.*)", re.DOTALL)


class BadParameter(Exception):
    """libpq does not accept a parameter; the message is libpq's, and may quote the parameter's value."""


def completed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a connection, completed from the environment and a service.

    If several of these have `options`, libpq uses only one of them. Here all are used; for the same setting, a service
    overrides the environment, and a parameter overrides both. The timeout of a connection has a default.

    Args:
        given: parameters of libpq, by name.

    Raises:
        BadParameter: a parameter or its value is not known to libpq, or the service does not exist.
    """
    for name in _NUMBERS & given.keys():
        # libpq checks these only after it has reached a server.
        if not re.fullmatch(r"\s*[-+]?[0-9]{1,9}\s*", str(given[name])):
            raise BadParameter(f'invalid integer value "{given[name]}" for connection option "{name}"')
    elsewhere = _as_libpq_sees({name: value for name, value in given.items() if name != "options"})
    sources = (os.environ.get("PGOPTIONS"), elsewhere.get("options"), given.get("options"))
    options = " ".join(dict.fromkeys(filter(None, sources)))
    # psycopg implements the timeout itself, and ignores services.
    timeout = elsewhere.get("connect_timeout", CONNECT_TIMEOUT_SECONDS)
    return {**given, "connect_timeout": timeout} | ({"options": options} if options else {})


def settings(options: str) -> dict[str, str]:
    """Return the server settings in `options`, by name.

    Args:
        options: arguments such as `-c name=value` or `--name=value`, as PostgreSQL splits them.
    """
    return {name.replace("-", "_").lower(): value for name, value in _each_setting(options)}


def _each_setting(options: str) -> Iterator[tuple[str, str]]:
    arguments = iter([_PROTECTED.sub(r"\1", argument) for argument in _ARGUMENT.findall(options)])
    for argument in arguments:
        # The setting may be a separate argument after -c.
        whole = f"-c{next(arguments, '')}" if argument == "-c" else argument
        if found := _SETTING.fullmatch(whole):
            yield found[1], found[2]


def _has_service(parameters: Mapping[str, Any]) -> bool:
    return bool(parameters.get("service") or os.environ.get("PGSERVICE"))


def _as_libpq_sees(parameters: Mapping[str, Any]) -> dict[str, str]:
    hosts = str(parameters.get("host", "")).count(",") + 1
    port = parameters.get("port") or ("" if _has_service(parameters) else os.environ.get("PGPORT", ""))
    # Several ports, and addresses, of a service or the environment belong to hosts that are not connected to here.
    if "port" not in parameters and "," in port:
        port = ""
    local = {"host": ",".join([_NOWHERE] * hosts), "hostaddr": "", "port": port}
    try:
        connection = PGconn.connect_start(make_conninfo(**{**parameters, **local}).encode())
    except psycopg.Error as error:
        raise BadParameter(str(error)) from None
    try:
        message = connection.get_error_message()
        # The message names every host that was tried.
        if message.count(_NOWHERE) < hosts:
            raise BadParameter(message)
        return {option.keyword.decode(): os.fsdecode(option.val) for option in connection.info if option.val}
    finally:
        connection.finish()
