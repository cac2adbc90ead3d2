"""The rules of events, held against whole columns of many of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from esjournal.domain.model import fields


def are_sound(ids: Sequence[Any], versions: Sequence[Any], types: Sequence[Any], moments: Sequence[Any]) -> bool:
    """Say whether these fields of many events surely keep all rules, and are in canonical form.

    Whole columns at a time take a tenth of the time. Where the answer is no, some event needs a closer look.
    """
    try:
        return (
            fields.are_event_types(types)
            and fields.are_versions(versions)
            and fields.are_canonical_ids(ids)
            and fields.are_canonical_moments(moments)
        )
    except TypeError:
        # What is no text is found out on the way.
        return False
