"""Encrypted states: unreadable in the store, bound to their place, and refused if they were changed."""

import base64
import os
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.domain.model.events import DomainEvent
from esjournal.exceptions import MappingError
from esjournal.infrastructure.activerecord import NEXT
from esjournal.infrastructure.cipher import AESGCMCipher
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper
from esjournal.journal.journalstore import open_event_store

ID = UUID("9b300b13-4410-51bf-85ca-234c8cea73da")


class Whispered(DomainEvent):
    words: str


@pytest.fixture
def key() -> bytes:
    return os.urandom(32)


@given(st.text(), st.sampled_from([16, 24, 32]))
def test_what_was_encrypted_comes_back_for_the_same_place(text: str, size: int) -> None:
    key = os.urandom(size)
    sealed = AESGCMCipher(key).encrypt(text, sequence_id=ID, position=3)
    assert AESGCMCipher(key).decrypt(sealed, sequence_id=ID, position=3) == text


def test_the_same_text_never_looks_the_same_twice(key: bytes) -> None:
    cipher = AESGCMCipher(key)
    assert len({cipher.encrypt("secret", sequence_id=ID, position=0) for _ in range(50)}) == 50


@pytest.mark.parametrize("given", [5, 5.0, Decimal("5.00"), 1e16, 10**16, Decimal("1769860800.123456"), -0.5, 0])
def test_a_position_that_comes_back_as_a_float_decrypts(key: bytes, given: Any) -> None:
    cipher = AESGCMCipher(key)
    sealed = cipher.encrypt("text", sequence_id=ID, position=given)
    assert cipher.decrypt(sealed, sequence_id=ID, position=float(given)) == "text"
    with pytest.raises(MappingError):
        cipher.decrypt(sealed, sequence_id=ID, position=float(given) + 4)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ((ID, -0.0), (ID, 0.0)),
        ((str(ID).upper(), 3), (str(ID), 3)),
        (
            (ID, datetime(2026, 1, 31, 13, tzinfo=timezone(timedelta(hours=1)))),
            (ID, datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ),
    ],
    ids=repr,
)
def test_a_place_that_comes_back_in_another_form_decrypts(
    key: bytes, given: tuple[Any, Any], stored: tuple[Any, Any]
) -> None:
    cipher = AESGCMCipher(key)
    sealed = cipher.encrypt("text", sequence_id=given[0], position=given[1])
    assert cipher.decrypt(sealed, sequence_id=stored[0], position=stored[1]) == "text"


def test_a_ciphertext_that_was_moved_changed_or_cut_does_not_decrypt(key: bytes) -> None:
    cipher = AESGCMCipher(key)
    sealed = cipher.encrypt("secret", sequence_id=ID, position=3)
    raw = base64.b64decode(sealed)
    flipped = base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()
    attempts = [
        (sealed, ID, 4),
        (sealed, uuid4(), 3),
        (flipped, ID, 3),
        (sealed[:-8], ID, 3),
        ("", ID, 3),
        ("AAAA", ID, 3),
        ('{"foo":"bar"}', ID, 3),
        ("ä", ID, 3),
    ]
    for text, sequence_id, position in attempts:
        with pytest.raises(MappingError, match="does not decrypt: the key is wrong, or the text was changed"):
            cipher.decrypt(text, sequence_id=sequence_id, position=position)


def test_another_key_does_not_decrypt_and_neither_key_nor_text_is_in_the_error(key: bytes) -> None:
    sealed = AESGCMCipher(key).encrypt("secret", sequence_id=ID, position=3)
    with pytest.raises(MappingError) as caught:
        AESGCMCipher(os.urandom(32)).decrypt(sealed, sequence_id=ID, position=3)
    assert str(ID) in str(caught.value)
    assert sealed not in str(caught.value)


def test_a_mapper_with_a_cipher_gives_the_event_back_and_hides_its_attributes(key: bytes) -> None:
    event = Whispered(originator_id=ID, originator_version=0, words="the canary sings")
    item = SequencedItemMapper(StoredEvent, cipher=AESGCMCipher(key)).to_sequenced_item(event)
    assert "canary" not in item.state
    assert SequencedItemMapper(StoredEvent, cipher=AESGCMCipher(key)).from_sequenced_item(item) == event
    with pytest.raises(MappingError):
        SequencedItemMapper(StoredEvent).from_sequenced_item(item)


def test_a_state_is_not_encrypted_for_a_version_that_is_not_known_yet(key: bytes) -> None:
    mapper = SequencedItemMapper(StoredEvent, cipher=AESGCMCipher(key))
    event = DomainEvent(originator_id=uuid4(), originator_version=NEXT)
    with pytest.raises(MappingError, match="bound to its position: give originator_version"):
        mapper.to_sequenced_item(event)


def test_an_encrypted_store_holds_no_plain_text_on_disk(sqlite_url: str, key: bytes) -> None:
    with open_event_store(sqlite_url, cipher=AESGCMCipher(key), create=True) as store:
        event = Whispered(originator_id=ID, originator_version=0, words="the canary sings")
        store.append(event)
        assert store.get_domain_events(ID) == [event]
    assert b"canary" not in Path(sqlite_url.removeprefix("sqlite:///")).read_bytes()
