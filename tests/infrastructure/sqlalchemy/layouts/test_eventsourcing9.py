"""The bytes of a state become text, and that text becomes the same bytes again."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esjournal.exceptions import InvalidData
from esjournal.infrastructure.sqlalchemy.layouts.eventsourcing9 import bytes_of_state, state_of_bytes
from tests.helpers.events import json_states


@example(b'{"a":"\0"}')
@example(b'{"a":"\xff"}')
@example(b"")
@given(st.one_of(st.binary(), st.binary().map(lambda end: b"{" + end), st.binary().map(zlib.compress)))
def test_any_bytes_come_back_exactly(stored: bytes) -> None:
    state = state_of_bytes(stored)
    assert bytes_of_state(state) == stored
    assert "\0" not in state
    state.encode()


@given(json_states().filter(lambda state: "\0" not in state))
def test_json_is_its_own_text(state: str) -> None:
    stored = state.encode(errors="replace")
    assert state_of_bytes(stored) == stored.decode()
    assert bytes_of_state(stored.decode()) == stored


@given(st.text())
def test_a_text_becomes_bytes_only_if_they_give_it_back(text: str) -> None:
    try:
        stored = bytes_of_state(text)
    except InvalidData:
        return
    except UnicodeEncodeError:
        pytest.fail("half of a surrogate pair is not a state")
    assert state_of_bytes(stored) == text or text.startswith(("{", "[", '"'))


@pytest.mark.parametrize("text", ["no base64!", "e30=", "QQ", "QQ===", "QR==", " QQ==", "QQ==\n", "1", "é"])
def test_a_text_that_is_neither_is_refused(text: str) -> None:
    with pytest.raises(InvalidData, match="neither JSON nor the base64"):
        bytes_of_state(text)
