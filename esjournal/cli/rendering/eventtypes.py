"""Event types where there is little room: the module comes first, and says least."""

from __future__ import annotations

import re

# A topic is module#Name; those of eventsourcing are module:Name, in which a name is no port and no path.
_MODULE = re.compile(r".*#|[\w.]+:(?=[^\W\d])")


def parts_of(event_type: str) -> tuple[str, str]:
    """Return the module of an event type with the sign behind it, empty where there is none, and the name."""
    module = _MODULE.match(event_type)
    end = module.end() if module else 0
    return event_type[:end], event_type[end:]


def name_of(event_type: str) -> str:
    """Return the name in an event type without its module, or all of it where it has no name."""
    return parts_of(event_type)[1] or event_type
