"""Parses the URL of a store, and hides its secrets when it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, quote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from esjournal.exceptions import InvalidURL, UnusableFile
from esjournal.filepaths import expanded
from esjournal.infrastructure.secrets import MASK, SHOWN_PARAMETERS, masked
from esjournal.infrastructure.sqlalchemy.urlschemes import POSTGRESQL, SQLITE

DEFAULT_TIMEOUT = 10.0
MEMORY = ":memory:"
# A private database that is deleted when it is closed; what does not fit in memory is on disk.
TEMPORARY = ":temporary:"

# user:password@host without a scheme; a file with such a name can be written as sqlite:///FILE.
_WITHOUT_SCHEME = re.compile(r".*:.*@", re.DOTALL)
# libpq's keyword strings; a file with such a name can be written as ./FILE.
_KEYWORDS = re.compile(
    r"\s*(?:host|hostaddr|port|dbname|user|password|passfile|service|sslmode|sslpassword)\s*=", re.IGNORECASE
)
# Several hosts, separated by commas, as libpq accepts them.
_HOSTS = re.compile(r"(?P<before>[\w+]+://(?:[^/?]*@)?)(?P<hosts>[^@/?]*,[^@/?]*)(?P<rest>(?:[/?].*)?)", re.DOTALL)
_HOST = re.compile(r"(?:\[(?P<ipv6>[^\]]*)\]|(?P<name>[^:\[\]]*))(?::(?P<port>\d*))?")
_SPECIAL_IN_URLS = frozenset("?%#")
_OUR_PARAMETERS = ("schema", "timeout", "layout", "table", "prepare")
_PREPARE = {"on": True, "off": False}
# No database allows these characters in a name.
_NOT_IN_NAMES = re.compile("[\0\ud800-\udfff]")
# PostgreSQL truncates longer names, and could then find another schema or table.
_MAX_NAME_BYTES = 63
_LAYOUT = re.compile(r"[a-z0-9-]{1,40}")
_LAYOUT_OF_A_PATH = "?layout="
_WAYS_TO_WRITE = "write a file's path, sqlite:///FILE, or postgresql://USER@HOST/DATABASE"


@dataclass(frozen=True, kw_only=True)
class StoreURL:
    """The parsed URL of a store.

    `path` is the file of a SQLite store, None for PostgreSQL. `schema` is the schema on PostgreSQL. `timeout` is how
    many seconds to wait for a lock. `layout` names the library whose tables these are, None for a journal, and `table`
    the table of its events, None for the default. `prepare` says whether to prepare statements on PostgreSQL; None
    means to detect it. `driver_url` is for SQLAlchemy and may have a password; str() shows none.
    """

    driver_url: URL = field(repr=False)
    path: str | None = None
    schema: str | None = None
    timeout: float = DEFAULT_TIMEOUT
    layout: str | None = None
    table: str | None = None
    prepare: bool | None = None
    shown: str = ""

    @classmethod
    def parse(cls, text: str, *, timeout: float | None = None, schema: str | None = None) -> Self:
        """Parse a URL.

        Args:
            text: a bare path (SQLite), or a URL. Both databases accept `?timeout=SECONDS`, `?layout=NAME` and
                `?table=NAME`; PostgreSQL also accepts `?schema=NAME`, `?prepare=on` or `off`, and libpq's parameters.
            timeout: how many seconds to wait for a lock, unless the URL says it.
            schema: the schema on PostgreSQL, unless the URL says it.

        Raises:
            InvalidURL: the URL is malformed, or of another database.
        """
        if not text:
            raise InvalidURL(f"the URL is empty: {_WAYS_TO_WRITE}")
        if "://" not in text:
            if _KEYWORDS.match(text):
                raise InvalidURL(f"the URL is a connection string of keywords: {_WAYS_TO_WRITE}, or ./FILE")
            if _WITHOUT_SCHEME.match(text):
                raise InvalidURL(f"the URL has a password and no scheme: {_WAYS_TO_WRITE}")
            # The only parameter after a bare path: a file's name may contain a question mark.
            path, layout, rest = text.rpartition(_LAYOUT_OF_A_PATH)
            query = _once(parse_qsl(f"layout={rest}", keep_blank_values=True)) if layout else {}
            return cls._sqlite(URL.create("sqlite", database=path if layout else text), query, timeout, schema)
        try:
            url = _made(text)
            _once(parse_qsl(text.partition("?")[2], keep_blank_values=True))
            query = {name: str(value) for name, value in url.query.items()}
            if "@" in (url.host or ""):
                # The text before the @ is the rest of an unescaped password.
                raise ValueError
            if url.drivername in POSTGRESQL:
                # Fails now for bytes that are not UTF-8: a UnicodeEncodeError is a ValueError.
                text.encode()
        except (ArgumentError, ValueError):
            # The parser's message quotes the URL, and its password.
            raise InvalidURL(f"the URL is malformed: {_WAYS_TO_WRITE}, with % codes for special characters") from None
        if url.drivername in SQLITE:
            return cls._sqlite(url, query, timeout, schema)
        if url.drivername in POSTGRESQL:
            return cls._postgresql(url.set(drivername="postgresql+psycopg"), query, timeout, schema)
        raise InvalidURL(
            f"the URL names {url.drivername!r}, and journals are in SQLite or PostgreSQL: {_WAYS_TO_WRITE}"
        )

    @classmethod
    def _sqlite(cls, url: URL, query: dict[str, str], timeout: float | None, schema: str | None) -> Self:
        if schema is not None:
            raise InvalidURL(f"the schema {schema!r} is for PostgreSQL: a SQLite file has none")
        seconds = _timeout(query.pop("timeout", None), timeout)
        tables = _tables(query)
        if query or url.host or url.username or url.password:
            raise InvalidURL(
                "a SQLite URL has a path, and no parameter but timeout, layout and table: write sqlite:///FILE"
            )
        path = url.database or MEMORY
        if "\0" in path:
            raise InvalidURL("the path has a NUL character: remove it")
        try:
            path = expanded(path)
        except UnusableFile as error:
            raise InvalidURL(str(error)) from None
        # SQLite would take the text after two slashes for a host.
        if path.startswith("//"):
            path = f"/{path.lstrip('/')}"
        # An address may have been given as the name of a table.
        shown = "&".join(f"{name}={quote(masked(value, [value]), safe='*')}" for name, value in tables.items())
        return cls(
            driver_url=URL.create("sqlite"),
            path=path,
            timeout=seconds,
            shown=f"sqlite:///{path}" + (f"?{shown}" if shown else ""),
            **tables,
        )

    @classmethod
    def _postgresql(cls, url: URL, query: dict[str, str], timeout: float | None, schema: str | None) -> Self:
        asked_for, schema = schema, query.pop("schema", schema)
        if asked_for is not None and asked_for != schema:
            raise InvalidURL(f"the URL names the schema {schema!r}, but {asked_for!r} was requested: name one of them")
        if schema is not None:
            _check_name("schema", schema, _MAX_NAME_BYTES)
        seconds = _timeout(query.pop("timeout", None), timeout)
        tables = _tables(query, _MAX_NAME_BYTES)
        prepare = query.pop("prepare", None)
        if prepare not in (None, *_PREPARE):
            raise InvalidURL(f"prepare is {prepare!r}: write on or off, or leave it out to detect it")
        if any("\0" in str(part) for part in (*url[1:-1], *query.values())):
            # For libpq it ends all parameters.
            raise InvalidURL("the URL has a NUL character, or %00: remove it")
        parameters = {name: value if name in SHOWN_PARAMETERS else MASK for name, value in query.items()}
        # An address may have been given as the name of a schema or a table.
        if schema is not None:
            parameters["schema"] = masked(schema, [schema])
        if prepare is not None:
            parameters["prepare"] = prepare
        parameters |= {name: masked(value, [value]) for name, value in tables.items()}
        shown = url.set(drivername="postgresql", query=parameters).render_as_string(hide_password=True)
        return cls(
            driver_url=url.set(query=query),
            schema=schema,
            timeout=seconds,
            prepare=_PREPARE.get(prepare or ""),
            shown=shown.replace("%2A", "*").replace("%2F", "/").replace("%2C", ","),
            **tables,
        )

    def __str__(self) -> str:
        return self.shown

    @property
    def argument(self) -> str:
        """The URL as a command's argument; a bare path if it would mean another file inside a URL."""
        return self.path if self.path is not None and _SPECIAL_IN_URLS & set(self.path) else self.shown

    def without_secrets(self, message: str) -> str:
        """Return a driver's message with every password of this URL masked."""
        secrets = [str(self.driver_url.password or "")]
        secrets += [str(value) for name, value in self.driver_url.query.items() if name not in SHOWN_PARAMETERS]
        for secret in filter(None, secrets):
            message = message.replace(secret, MASK)
        return message


def _made(text: str) -> URL:
    hosts = _HOSTS.fullmatch(text)
    url = make_url(text if hosts is None else f"{hosts['before']}{hosts['rest']}")
    if url.drivername not in SQLITE and "@" in text.partition("?")[2]:
        # The question mark may be part of a password, and the text before it not a user.
        raise InvalidURL("the URL has an @ after a question mark: write %40 for @, and %3F for ? before it")
    if hosts is None:
        return url
    found = [_HOST.fullmatch(host) for host in hosts["hosts"].split(",")]
    names = [host["ipv6"] or host["name"] or "" for host in found if host]
    if len(names) < len(found):
        raise ValueError
    ports = [(host["port"] or "") for host in found if host]
    parameters = {"host": ",".join(names)} | ({"port": ",".join(ports)} if any(ports) else {})
    return url.set(query={**parameters, **url.query})


def _once(parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in parameters:
        if name in query:
            raise InvalidURL(f"the URL gives {name!r} more than once: give it once")
        if not value and name in _OUR_PARAMETERS:
            raise InvalidURL(f"the URL gives no value for {name!r}: give it one, or leave it out")
        query[name] = value
    return query


def _check_name(kind: str, name: str, longest: int | None = None) -> None:
    if not name or _NOT_IN_NAMES.search(name):
        raise InvalidURL(f"the {kind} {name!r} is empty, or has a character that no name can have: remove it")
    if longest is not None and len(name.encode()) > longest:
        raise InvalidURL(f"the {kind} {name!r} is longer than {longest} bytes, the most that PostgreSQL allows")


def _tables(query: dict[str, str], longest: int | None = None) -> dict[str, Any]:
    names: tuple[str, ...] = ("layout", "table")
    tables = {name: query.pop(name) for name in names if name in query}
    if "layout" in tables and not _LAYOUT.fullmatch(tables["layout"]):
        raise InvalidURL(f"the layout {tables['layout']!r} is not a plain name: use letters, digits and hyphens")
    if "table" in tables:
        _check_name("table", tables["table"], longest)
    if "table" in tables and "layout" not in tables:
        raise InvalidURL(f"the table {tables['table']!r} is named without a layout: add layout=NAME")
    return tables


def _timeout(text: str | None, default: float | None) -> float:
    if text is None:
        return DEFAULT_TIMEOUT if default is None else default
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", text):
        raise InvalidURL(f"the timeout {text!r} is not a number of seconds: write one such as 10 or 0.5")
    return float(text)
