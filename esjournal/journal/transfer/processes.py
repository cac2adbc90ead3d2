"""How many processes are at work on a transfer."""

from __future__ import annotations

from esjournal.infrastructure.sqlalchemy.urlschemes import names_a_server


def processes_writing(target: str, *, indexes_last: bool = False) -> int:
    """Return how many processes are at work while this one writes to a store.

    A server on this machine takes a core for itself: with two cores, a third process makes an import slower. A server
    that builds its indexes last has little to do until then.

    Args:
        target: the URL of the store, or the path of a file.
        indexes_last: whether the store builds its indexes when all events are written.
    """
    return 2 if names_a_server(target) and not indexes_last else 1
