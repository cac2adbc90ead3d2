"""What may be shown of text that may have a URL or a connection string in it: no password."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "***"
# Any other parameter may be a misspelt password, and is not shown.
SHOWN_PARAMETERS = {
    *("host", "hostaddr", "port", "user", "dbname", "service", "application_name", "options", "connect_timeout"),
    *("client_encoding", "target_session_attrs", "sslmode", "sslrootcert", "sslcert", "sslkey", "gssencmode"),
}
_OUR_PARAMETERS = {"schema", "timeout", "layout", "table", "prepare"}

_URL = re.compile(r"[A-Za-z][\w+.-]*://[^\s'\"]*")
_USER_AND_PASSWORD = re.compile(r"(://[^:@/?]*:).*@", re.DOTALL)
_PARAMETER = re.compile(r"([?&])([^=&]*)=([^&]*)", re.DOTALL)
# As libpq's connection strings have it, and whatever is called so elsewhere.
_NAMED = re.compile(
    r"\b(\w*(?:pass?wo?r?d|pwd|secret|token)\w*\s*=\s*)(?!=)(?:'(?:[^'\\]|\\.)*'?|[^\s&'\"]+)",
    re.IGNORECASE | re.DOTALL,
)
# An argument that is no URL, and may be meant for one.
_WITHOUT_SCHEME = re.compile(r"((?:[\w+.-]+(?::/*|//+))?[^:@/\s]+:).*@", re.DOTALL)


def masked(text: str, arguments: Iterable[str] = ()) -> str:
    """Return text in which every password of a URL or a connection string is masked.

    Args:
        text: any text, such as a message.
        arguments: what a program was given, which the text may repeat: where one begins and ends is known, so that
            its password may have spaces and quotes.
    """
    # The longest first, because one may be a part of another.
    for given in sorted(_with_values(arguments), key=len, reverse=True):
        if (shown := _masked_argument(given)) != given:
            # Quoted, some characters are escaped.
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
    # Parameters first, because one may have an @ that belongs to no user.
    return _USER_AND_PASSWORD.sub(rf"\1{MASK}@", _PARAMETER.sub(_masked_parameter, url))


def _masked_parameter(found: re.Match[str]) -> str:
    is_shown = found[2] in SHOWN_PARAMETERS | _OUR_PARAMETERS
    return found[0] if is_shown else f"{found[1]}{found[2]}={MASK}"
