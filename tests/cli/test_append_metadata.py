"""Appending events with metadata, with a cause, and only once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from esjournal.domain.model.eventids import event_id_of_key
from esjournal.domain.model.sequencenames import id_of_name
from esjournal.journal.journal import initialise
from tests.helpers.events import ID
from tests.helpers.program import ended, invoke, refused

EVENT_ID = "4b0c1e52-6a1f-4f7e-9d5e-0d9a3f1c2b11"


@pytest.fixture
def url(store_url: str) -> str:
    """The URL of a journal with the first event of `order-1`."""
    initialise(store_url)
    assert append(store_url, "order-1", "0", "orders#Placed", "{}").stdout == "1\n"
    return store_url


def append(url: str, *arguments: str, script: str | None = None) -> Any:
    return invoke("append", *arguments, url=url, env={"ESJOURNAL_META": script})


def last(url: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(invoke("log", "-n", "1", "-F", "ndjson", url=url).stdout)
    return found


NEXT = ("order-1", "next", "orders#Paid", "{}")


def test_metadata_is_kept_as_it_is_written(url: str) -> None:
    assert append(url, *NEXT, "--meta", '{"ip" : "::1", "n":1.10}').stdout == "2\n"
    assert '"metadata":{"ip" : "::1", "n":1.10}' in invoke("log", "-n", "1", "-F", "ndjson", url=url).stdout


def test_metadata_of_the_script_and_of_the_options_is_one_object(url: str) -> None:
    append(url, *NEXT, "--meta", "user=ann", "--meta", '{"ip":"::1"}', script='{"job":"nightly","user":"cron"}')
    assert last(url)["metadata"] == {"job": "nightly", "user": "ann", "ip": "::1"}


def test_metadata_of_the_script_is_enough(url: str) -> None:
    append(url, *NEXT, script="job=nightly")
    assert last(url)["metadata"] == {"job": "nightly"}


def test_an_empty_variable_is_no_metadata(url: str) -> None:
    append(url, *NEXT, script="")
    assert "metadata" not in last(url)


@pytest.mark.parametrize("text", ["ann", "[1]", '{"a":', ""])
def test_metadata_that_is_not_an_object_is_refused(url: str, text: str) -> None:
    refused(append(url, *NEXT, "--meta", text), 2, "metadata")
    if text:
        refused(append(url, *NEXT, script=text), 2, r"\$ESJOURNAL_META: metadata")
    assert last(url)["global_position"] == 1


@pytest.mark.parametrize("cause", ["1", "order-1/0", f"{id_of_name('order-1')}/0"])
def test_an_effect_names_its_cause_and_the_first_event_of_the_chain(url: str, cause: str) -> None:
    append(url, *NEXT, "--cause", cause)
    place = f"{id_of_name('order-1')}/0"
    assert last(url)["metadata"] == {"causation_id": place, "correlation_id": place}


def test_a_correlation_is_passed_on_and_an_event_id_is_the_better_reference(url: str) -> None:
    append(url, *NEXT, "--cause", "1", "--once", "pay")
    [paid, chain] = last(url)["event_id"], last(url)["metadata"]["correlation_id"]
    append(url, "parcel-7", "0", "parcels#Sent", "{}", "--cause", paid)
    assert last(url)["metadata"] == {"causation_id": paid, "correlation_id": chain}


def test_an_option_wins_over_the_cause_and_the_cause_over_the_script(url: str) -> None:
    given = '{"causation_id":"of the script","correlation_id":"of the script"}'
    append(url, *NEXT, "--cause", "1", "--meta", "correlation_id=mine", script=given)
    assert last(url)["metadata"] == {"causation_id": f"{id_of_name('order-1')}/0", "correlation_id": "mine"}


@pytest.mark.parametrize("cause", ["2", "0", "", EVENT_ID, "order-1/1", "order-2/0", "order-1"])
def test_a_cause_that_is_not_there_is_refused(url: str, cause: str) -> None:
    refused(append(url, *NEXT, "--cause", cause), 2, f"--cause '{cause}': no event of .* has that")
    assert last(url)["global_position"] == 1


def test_an_event_that_is_appended_once_is_appended_once(url: str) -> None:
    for _ in range(3):
        ended(append(url, *NEXT, "--once", "pay"), 0, out="2\n")
    assert last(url)["event_id"] == event_id_of_key(id_of_name("order-1"), "pay")
    ended(append(url, "order-1", "1", "orders#Paid", "{}", "--once", "pay"), 0, out="2\n")
    # The same key of another sequence is another event, and so is another key.
    assert append(url, ID, "next", "orders#Paid", "{}", "--once", "pay").stdout == "3\n"
    assert append(url, *NEXT, "--once", "pay again").stdout == "4\n"


@pytest.mark.parametrize(
    "other",
    [
        ("order-1", "next", "orders#Refunded", "{}"),
        ("order-1", "next", "orders#Paid", '{"a":1}'),
        ("order-1", "next", "orders#Paid", "{}", "--meta", "user=ann"),
        ("order-1", "0", "orders#Paid", "{}"),
        ("order-1", "2", "orders#Paid", "{}"),
    ],
)
def test_another_event_with_the_same_key_is_a_conflict(url: str, other: tuple[str, ...]) -> None:
    append(url, *NEXT, "--once", "pay")
    refused(append(url, *other, "--once", "pay"), 4, "--once 'pay': sequence order-1 has another event with this key")
    assert last(url)["global_position"] == 2


def test_a_key_does_not_excuse_a_version_that_is_taken(url: str) -> None:
    refused(append(url, "order-1", "0", "orders#Placed", '{"a":1}', "--once", "x"), 4, "version 0 is taken")


@pytest.mark.parametrize(
    "arguments",
    [
        ("new", "0", "a#B", "{}", "--once", "k"),
        (ID, "0", "a#B", "{}", "--once", "k", "--if-absent"),
        (*NEXT, "--once", ""),
    ],
)
def test_a_key_that_could_not_be_found_again_is_refused(url: str, arguments: tuple[str, ...]) -> None:
    refused(append(url, *arguments), 2, "(?:--once cannot be used with|the key is empty)")
    assert last(url)["global_position"] == 1


@pytest.mark.parametrize("option", [("--meta", "a=b"), ("--cause", "1"), ("--once", "k")])
def test_lines_have_their_own_metadata(url: str, option: tuple[str, ...]) -> None:
    refused(append(url, "-", *option), 2, "write metadata into the lines")


def test_an_event_id_that_is_taken_is_reported_as_that(url: str) -> None:
    lines = [
        f'{{"sequence_name":"{name}","originator_version":0,"event_type":"a#B","state":{{}},"event_id":"{EVENT_ID}"}}'
        for name in ("parcel-1", "parcel-2")
    ]
    assert invoke("append", "-", url=url, input=lines[0]).exit_code == 0
    refused(
        invoke("append", "-", url=url, input=lines[1]), 4, f"event id {EVENT_ID} is taken by .* of sequence parcel-1"
    )
