"""Masks passwords in text that may contain URLs or connection strings."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "***"
# Any other parameter may be a password under a misspelt name, and is not shown.
SHOWN_PARAMETERS = {
    *("host", "hostaddr", "port", "user", "dbname", "service", "application_name", "options", "connect_timeout"),
    *("client_encoding", "target_session_attrs", "sslmode", "sslrootcert", "sslcert", "sslkey", "gssencmode"),
}
_OUR_PARAMETERS = {"schema", "timeout", "layout", "table", "prepare"}

_URL = re.compile(r"[A-Za-z][\w+.-]*://[^\s'\"]*")
_USER_AND_PASSWORD = re.compile(r"(://[^:@/?]*:).*@", re.DOTALL)
_PARAMETER = re.compile(r"([?&])([^=&]*)=([^&]*)", re.DOTALL)
# As in libpq's connection strings, and anything with such a name elsewhere.
_NAMED = re.compile(
    r"\b(\w*(?:pass?wo?r?d|pwd|secret|token)\w*\s*=\s*)(?!=)(?:'(?:[^'\\]|\\.)*'?|[^\s&'\"]+)",
    re.IGNORECASE | re.DOTALL,
)
# An argument that is not a URL, but may be meant as one.
_WITHOUT_SCHEME = re.compile(r"((?:[\w+.-]+(?::/*|//+))?[^:@/\s]+:).*@", re.DOTALL)


def masked(text: str, arguments: Iterable[str] = ()) -> str:
    """Return a text with every password of a URL or a connection string masked.

    Args:
        text: any text, such as a message.
        arguments: the program's arguments, which the text may quote. Their passwords may contain spaces and quotes,
            because it is known where an argument ends.
    """
    # Longest first, because one argument may be part of another.
    for given in sorted(_with_values(arguments), key=len, reverse=True):
        if (shown := _masked_argument(given)) != given:
            # repr() escapes some characters.
            text = text.replace(given, shown).replace(repr(given)[1:-1], shown)
    return _NAMED.sub(rf"\1{MASK}", _URL.sub(lambda found: _masked_url(found[0]), text))


def _with_values(arguments: Iterable[str]) -> Iterable[str]:
    for argument in arguments:
        yield argument
        if argument.startswith("-"):
            yield argument.partition("=")[2]


def _masked_argument(argument: str) -> str:
    if "://" in argument:
        return _masked_url(argument)
    named = _NAMED.sub(rf"\1{MASK}", argument)
    return f"{found[1]}{MASK}@{named[found.end() :]}" if (found := _WITHOUT_SCHEME.match(named)) else named


def _masked_url(url: str) -> str:
    # Parameters first, because one may contain an @ that does not follow a user.
    return _USER_AND_PASSWORD.sub(rf"\1{MASK}@", _PARAMETER.sub(_masked_parameter, url))


def _masked_parameter(found: re.Match[str]) -> str:
    is_shown = found[2] in SHOWN_PARAMETERS | _OUR_PARAMETERS
    return found[0] if is_shown else f"{found[1]}{found[2]}={MASK}"
