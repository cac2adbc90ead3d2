"""What metadata says about the causes of an event."""

from __future__ import annotations

import pytest

from esjournal.domain.causes import NO_CAUSES, Causes, Key, causes_of, key_of, keys_of, metadata_of_effect, reference_of
from esjournal.domain.model.sequencenames import id_of_name
from tests.helpers.events import ID, OTHER_ID, event


def test_an_event_is_referred_to_by_its_event_id() -> None:
    assert reference_of(event(3)._replace(event_id=OTHER_ID)) == OTHER_ID


def test_an_event_without_an_event_id_is_referred_to_by_its_place() -> None:
    assert reference_of(event(3)) == f"{ID}/3"


def test_the_first_event_of_a_chain_names_the_chain() -> None:
    assert metadata_of_effect(event(3)) == {"causation_id": f"{ID}/3", "correlation_id": f"{ID}/3"}


def test_a_later_event_passes_on_the_correlation() -> None:
    cause = event(3)._replace(metadata='{"correlation_id":"order 7","causation_id":"x"}')
    assert metadata_of_effect(cause) == {"causation_id": f"{ID}/3", "correlation_id": "order 7"}


@pytest.mark.parametrize(
    ("metadata", "causes"),
    [
        ('{"causation_id":"a","correlation_id":"b"}', Causes("a", "b")),
        ('{"causation_id":17}', Causes("17", None)),
        (r'{"\u0063ausation_id":"a"}', Causes("a", None)),
        ('{"$causationId":"a","$correlationId":"b"}', Causes("a", "b")),
        (
            '{"causationMessageStreamName":"order-1","causationMessagePosition":4,"correlationStreamName":"order-0"}',
            Causes(f"{id_of_name('order-1')}/4", "order-0"),
        ),
        ('{"causationMessageStreamName":"order-1"}', NO_CAUSES),
        ('{"causation_id":"","correlation_id":null}', NO_CAUSES),
        ('{"causation_id":["a"],"correlation_id":{"b":1}}', NO_CAUSES),
        ("{}", NO_CAUSES),
        (None, NO_CAUSES),
    ],
)
def test_causes_are_read_as_this_and_other_libraries_write_them(metadata: str | None, causes: Causes) -> None:
    assert causes_of(metadata) == causes


@pytest.mark.parametrize(
    ("reference", "key"),
    [
        (ID, ID),
        (ID.upper(), ID),
        (f"{ID.upper()}/17", (ID, 17)),
        ("order-1/0", (id_of_name("order-1"), 0)),
        ("order/1/2", (id_of_name("order/1"), 2)),
        ("order-1", None),
        ("order-1/01", None),
        ("order-1/", None),
        ("/1", None),
        ("17", None),
        ("", None),
        ("\ud83d/1", None),
    ],
)
def test_a_reference_leads_to_an_event_id_or_a_place(reference: str, key: Key | None) -> None:
    assert key_of(reference) == key


def test_an_event_is_found_by_its_place_and_its_event_id() -> None:
    for made in (event(3), event(3)._replace(event_id=OTHER_ID)):
        assert key_of(reference_of(made)) in keys_of(made)
    assert keys_of(event(3)._replace(event_id=OTHER_ID)) == [(ID, 3), OTHER_ID]
