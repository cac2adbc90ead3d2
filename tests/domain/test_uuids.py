"""UUIDs that are derived from names."""

from __future__ import annotations

from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.domain.uuids import uuid5_text


@given(st.uuids(), st.text())
def test_it_is_the_uuid_of_the_standard_library(namespace: UUID, name: str) -> None:
    assert uuid5_text(namespace.bytes, name) == str(uuid5(namespace, name))


def test_half_of_a_surrogate_pair_has_no_uuid() -> None:
    with pytest.raises(UnicodeEncodeError):
        uuid5_text(bytes(16), "\ud83d")
