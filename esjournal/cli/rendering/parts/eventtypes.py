"""Short forms of event types: the module comes first, and says least."""

from __future__ import annotations

import re
from functools import lru_cache
from zlib import crc32

# A topic is module#Name, or module:Name in eventsourcing. A name does not start with a digit or a slash: that would be
# a port or a path.
_MODULE = re.compile(r".*#|[\w.]+:(?=[^\W\d])")

# What is read on dark and on light terminals: bright colours are hardly seen on white. Red and yellow are for what is
# wrong.
_STYLES = ("green", "cyan", "magenta", "blue", "bold green", "bold magenta", "bold cyan", "bold blue")


def parts_of(event_type: str) -> tuple[str, str]:
    """Return the module of an event type with its separator, or an empty text if it has none, and the name."""
    module = _MODULE.match(event_type)
    end = module.end() if module else 0
    return event_type[:end], event_type[end:]


def name_of(event_type: str) -> str:
    """Return an event type without its module, or all of it if it has no name."""
    return parts_of(event_type)[1] or event_type


@lru_cache(maxsize=1_024)
def style_of(event_type: str) -> str:
    """Return the style of an event type, the same on every screen, whichever other types there are."""
    return _STYLES[crc32(event_type.encode(errors="surrogatepass")) % len(_STYLES)]
