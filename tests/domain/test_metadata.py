"""The metadata of a new event, from parts."""

from __future__ import annotations

import pytest

from esjournal.domain.metadata import metadata_of, metadata_part
from esjournal.exceptions import InvalidData


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("user=ann", '{"user":"ann"}'),
        ("n=5", '{"n":"5"}'),
        ("query=a=b", '{"query":"a=b"}'),
        ("user=", '{"user":""}'),
        ('say "x"=é"', '{"say \\"x\\"":"é\\""}'),
        ('{"a":1.10 , "b":[true]}', '{"a":1.10 , "b":[true]}'),
        (' {"a=b":1}', ' {"a=b":1}'),
    ],
)
def test_a_part_is_a_name_with_a_value_or_an_object(text: str, part: str) -> None:
    assert metadata_part(text) == part


@pytest.mark.parametrize("text", ["", "user", "=ann", "[1]", '"a"', '{"a":}', "{a=b}", "user=\ud800", '{"a":NaN}'])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidData, match="metadata"):
        metadata_part(text)


def test_no_parts_are_no_metadata() -> None:
    assert metadata_of([]) is None


def test_a_single_object_stays_as_it_is() -> None:
    assert metadata_of(['{"a":1.10 , "b":1e2}']) == '{"a":1.10 , "b":1e2}'


def test_of_a_member_that_is_given_twice_the_last_one_counts() -> None:
    assert metadata_of(['{"a":1,"n":1.10}', '{"b":"\\ud800"}', '{"a":"2"}']) == '{"a":"2","n":1.10,"b":"\\ud800"}'
