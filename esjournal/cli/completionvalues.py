"""What the completion scripts ask for: event types, names and ids of the journal that a command line is about.

A shell waits for the answer, so nothing else is loaded: no Typer, no SQLAlchemy.
"""

from __future__ import annotations

import os
import sys
from itertools import pairwise

from esjournal.cli.journalurl import DEFAULT_URL, URL_VARIABLE
from esjournal.domain.choices import Completed
from esjournal.exceptions import UnusableFile
from esjournal.filepaths import expanded
from esjournal.infrastructure.sqlalchemy.urlschemes import names_a_server, path_of

# A shell shows no more without asking.
_MOST = 100
# A server is not asked unless the user says so: it may be far away, and a line that is only written reaches no server.
_ASK_SERVERS = "ESJOURNAL_COMPLETE"
_OF_ANOTHER_LIBRARY = ("--layout", "--table")


def print_values(arguments: list[str]) -> bool:
    """Print what may complete a word, one a line; nothing if the journal cannot be asked quickly.

    Args:
        arguments: what is wanted, the word so far, and the words of the command line before it.

    Returns:
        Whether these are such arguments.
    """
    if len(arguments) < 2 or arguments[0] not in set(Completed):
        return False
    wanted, word, *words = arguments
    found = _completions(Completed(wanted), word, words)
    # What a shell lists reaches the terminal, and nobody could write it on a command line.
    lines = "".join(f"{value}\n" for value in found if value.isprintable())
    sys.stdout.buffer.write(lines.encode())
    return True


def _completions(wanted: Completed, word: str, words: list[str]) -> list[str]:
    url = _url_in(words)
    if url is None or "layout=" in url:
        return []
    if names_a_server(url):
        if os.environ.get(_ASK_SERVERS) != "1":
            return []
        from esjournal.infrastructure.sqlalchemy.postgresql.postgresqlcompletions import completions_on_server

        return completions_on_server(url, wanted, word, _MOST)
    if (path := path_of(url)) is None:
        return []
    from esjournal.infrastructure.sqlalchemy.sqlite.sqlitecompletions import completions_in_file

    try:
        return completions_in_file(expanded(path), wanted, word, _MOST)
    except UnusableFile:
        return []


def _url_in(words: list[str]) -> str | None:
    """Return the URL of the journal that a command line is about; None if it has the tables of another library."""
    url = os.environ.get(URL_VARIABLE) or DEFAULT_URL
    for word, following in pairwise([*words, ""]):
        name, equals, value = word.partition("=")
        if name in _OF_ANOTHER_LIBRARY:
            return None
        if name == "--url":
            # An option after the command's name comes later, and wins.
            url = value if equals else following
    return url
