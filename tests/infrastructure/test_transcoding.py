"""Attributes to JSON and back: equal values, the same text every time, and no code run by data."""

import json
import math
import subprocess
import sys
from collections.abc import Collection
from contextlib import suppress
from dataclasses import FrozenInstanceError, dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esjournal.domain.model.events import DomainEvent
from esjournal.exceptions import MappingError
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sequenceditemmapper import SequencedItemMapper
from esjournal.infrastructure.transcoding import JSONTranscoder


class Happened(DomainEvent):
    pass


class Colour(Enum):
    RED = 1
    CRIMSON = 1
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Unit(StrEnum):
    KILO = "kg"


class Right(Flag):
    READ = 1
    WRITE = 2
    BOTH = READ | WRITE


@dataclass(frozen=True)
class Money:
    amount: Decimal
    currency: str = "EUR"


@dataclass
class Basket:
    items: list[Any] = field(default_factory=list)
    total: Money | None = None

    def __post_init__(self) -> None:
        Basket.made += 1


Basket.made = 0


@dataclass(frozen=True, slots=True)
class Slotted:
    value: Any


class Point(NamedTuple):
    x: int
    y: int


class Word:
    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Word) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


hashable_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.characters(categories=["Cs"])
    | st.uuids()
    | st.datetimes()
    | st.datetimes(timezones=st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23))))
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.binary()
    | st.sampled_from([*Colour, *Level, *Unit, *Right, Right(0)])
    | st.builds(Money, st.decimals(allow_nan=False), st.text()),
    lambda inner: (
        st.tuples(inner) | st.tuples(inner, inner) | st.frozensets(inner, max_size=3) | st.builds(Slotted, inner)
    ),
    max_leaves=6,
)
values = st.recursive(
    hashable_values | st.sets(hashable_values, max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.sampled_from(["_type_", "_data_"]), inner, max_size=3)
        | st.dictionaries(hashable_values, inner, max_size=3)
        | st.tuples(inner, inner)
        | st.builds(Basket, st.lists(inner, max_size=2), st.none() | st.builds(Money, st.decimals(allow_nan=False)))
    ),
    max_leaves=8,
)
reserved = {"originator_id", "originator_version"}
attribute_names = st.text(min_size=1).filter(lambda name: name not in reserved) | st.sampled_from(["_type_", "_data_"])


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal and of the same types all the way down, which == does not say of 1, 1.0 and True."""
    if type(one) is not type(other) or one != other:
        return False
    if isinstance(one, dict):
        return each_has_its_like(one.items(), other.items())
    if isinstance(one, list | tuple):
        return all(map(same, one, other))
    if isinstance(one, set | frozenset):
        return each_has_its_like(one, other)
    if isinstance(one, Decimal):
        return str(one) == str(other)
    if isinstance(one, datetime):
        return one.utcoffset() == other.utcoffset()
    if isinstance(one, float):
        return math.copysign(1, one) == math.copysign(1, other)
    return True


def each_has_its_like(some: Collection[Any], others: Collection[Any]) -> bool:
    """Whether two collections without an order have the same members; sorting by repr would trust a set's own."""
    return len(some) == len(others) and all(any(same(one, other) for other in others) for one in some)


@given(st.uuids(), st.integers(0, 2**63 - 1), st.dictionaries(attribute_names, values, max_size=4))
def test_any_event_maps_and_comes_back_equal_through_a_fresh_mapper(
    originator_id: UUID, version: int, attributes: dict[str, Any]
) -> None:
    event = Happened(**{**attributes, "originator_id": originator_id, "originator_version": version})

    item = SequencedItemMapper(StoredEvent).to_sequenced_item(event)
    again = SequencedItemMapper(StoredEvent).from_sequenced_item(item)

    assert again == event
    assert same(vars(again), vars(event))
    assert SequencedItemMapper(StoredEvent).to_sequenced_item(again) == item
    item.state.encode()
    assert isinstance(json.loads(item.state), dict)


@pytest.mark.parametrize("text", ["\ud800", "x\udfff", "\udc00\ud800", "\U00010000"])
def test_half_a_surrogate_pair_comes_back_as_it_was(text: str) -> None:
    assert JSONTranscoder().decode(JSONTranscoder().encode({"a": text, text: "a"})) == {"a": text, text: "a"}


@pytest.mark.parametrize("attributes", [{"a": "\ud800\udc00"}, {"\ud800\udc00": 1}, {"a": {"b": ["x\udbff\udfffy"]}}])
def test_both_halves_of_a_surrogate_pair_are_refused_because_they_would_come_back_as_one(attributes: Any) -> None:
    with pytest.raises(MappingError, match="both halves of a surrogate pair"):
        JSONTranscoder().encode(attributes)


@given(st.lists(hashable_values, max_size=6, unique=True), st.randoms())
def test_the_same_set_gives_the_same_text_however_it_was_made(items: list[Any], random: Any) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)
    transcoder = JSONTranscoder()
    assert transcoder.encode({"a": set(items)}) == transcoder.encode({"a": set(shuffled)})
    assert transcoder.encode({"a": frozenset(items)}) == transcoder.encode({"a": frozenset(shuffled)})


def test_the_same_set_gives_the_same_text_in_another_process() -> None:
    program = """
from decimal import Decimal
from esjournal.infrastructure.transcoding import JSONTranscoder
nested = frozenset({frozenset({"a", "b", "c"}), frozenset({"d", "e"}), frozenset()})
print(JSONTranscoder().encode({"a": {"x", "y", "z", 1, Decimal("2"), ("p", "q"), nested}}))
"""
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3", "4")
    }
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (UUID(int=1), '{"_data_":"00000000-0000-0000-0000-000000000001","_type_":"uuid"}'),
        (datetime(2026, 1, 31, 12), '{"_data_":"2026-01-31T12:00:00","_type_":"datetime"}'),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), '{"_data_":"2026-01-31T12:00:00+00:00","_type_":"datetime"}'),
        (date(2026, 1, 31), '{"_data_":"2026-01-31","_type_":"date"}'),
        (time(12, 30), '{"_data_":"12:30:00","_type_":"time"}'),
        (timedelta(days=-1, microseconds=1), '{"_data_":[-1,0,1],"_type_":"timedelta"}'),
        (Decimal("1.10"), '{"_data_":"1.10","_type_":"decimal"}'),
        ((1, "a"), '{"_data_":[1,"a"],"_type_":"tuple"}'),
        ({2, 1}, '{"_data_":[1,2],"_type_":"set"}'),
        (frozenset("ba"), '{"_data_":["a","b"],"_type_":"frozenset"}'),
        (b"\x00\xff", '{"_data_":"AP8=","_type_":"bytes"}'),
        (Colour.RED, f'{{"_data_":["{__name__}#Colour","RED"],"_type_":"enum"}}'),
        (Right.BOTH, f'{{"_data_":["{__name__}#Right","READ","WRITE"],"_type_":"enum"}}'),
        (
            Money(Decimal(1)),
            f'{{"_data_":["{__name__}#Money",{{"amount":{{"_data_":"1","_type_":"decimal"}},"currency":"EUR"}}],'
            f'"_type_":"dataclass"}}',
        ),
        ({1: "a"}, '{"_data_":[[1,"a"]],"_type_":"dict"}'),
        ({"_type_": "uuid"}, '{"_data_":[["_type_","uuid"]],"_type_":"dict"}'),
        ("plain", '"plain"'),
        ([None, True, 1, 1.5], "[null,true,1,1.5]"),
        ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
    ],
)
def test_the_stored_form_of_each_type_stays_what_it_is(value: Any, text: str) -> None:
    assert JSONTranscoder().encode({"a": value}) == f'{{"a":{text}}}'
    assert same(JSONTranscoder().decode(f'{{"a":{text}}}'), {"a": value})


def test_stored_attributes_without_our_types_are_read_as_they_are() -> None:
    assert JSONTranscoder().decode('{"a":{"_data_":1},"b":[{"_type_":"uuid","x":1}]}') == {
        "a": {"_data_": 1},
        "b": [{"_type_": "uuid", "x": 1}],
    }


def test_a_users_own_type_is_taught_by_name() -> None:
    transcoder = JSONTranscoder()
    transcoder.register(Word, name="word", encode=lambda word: (word.text, 1), decode=lambda pair: Word(pair[0]))
    text = transcoder.encode({"a": [Word("hi")]})
    assert '"_type_":"word"' in text
    assert transcoder.decode(text) == {"a": [Word("hi")]}
    with pytest.raises(MappingError, match=r"'word' in a stored state is not known here.*transcoder\.register"):
        JSONTranscoder().decode(text)


def test_a_name_stands_for_one_class_only() -> None:
    transcoder = JSONTranscoder()
    with pytest.raises(ValueError, match="'uuid' stands for another class"):
        transcoder.register(Word, name="uuid", encode=str, decode=Word)
    with pytest.raises(ValueError, match="'enum' stands for"):
        transcoder.register(Word, name="enum", encode=str, decode=Word)


class Text(str):
    __slots__ = ()


class Number(int):
    pass


@pytest.mark.parametrize(
    "value",
    [
        object(),
        Word("hi"),
        Word,
        1j,
        bytearray(b"x"),
        Point(1, 2),
        Text("a"),
        Number(1),
        range(3),
        (n for n in ()),
        [1, {"x": {Word("hi")}}],
    ],
    ids=repr,
)
def test_a_value_that_could_not_come_back_is_refused_by_the_attributes_path(value: Any) -> None:
    with pytest.raises(MappingError, match=r"attribute a[^ ]* is of .*cannot be written as JSON.*register"):
        JSONTranscoder().encode({"a": value})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_float_that_json_has_no_number_for_is_refused(value: float) -> None:
    with pytest.raises(MappingError, match=r"attribute a\[0\] is .*use a Decimal"):
        JSONTranscoder().encode({"a": [value]})


def test_values_that_hold_themselves_or_are_too_deep_are_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(MappingError, match="nested"):
        JSONTranscoder().encode({"a": loop})


@pytest.mark.parametrize("innermost", [1, Decimal(1)])
@pytest.mark.parametrize("depth", [100, 200, 400, 450, 490, 505, 700, 5_000])
def test_what_is_written_can_be_read_however_deep_it_is(depth: int, innermost: Any) -> None:
    value = innermost
    for _ in range(depth):
        value = [value]
    with suppress(MappingError):
        text = JSONTranscoder().encode({"a": value})
        assert repr(JSONTranscoder().decode(text)) == repr({"a": value})
    if depth <= 200:
        assert text
    if depth >= 500:
        with pytest.raises(MappingError, match="nested"):
            JSONTranscoder().encode({"a": value})


def test_a_state_at_the_allowed_depth_is_read_or_refused_without_a_recursion_error() -> None:
    text = '{"a":' + "[" * 498 + '{"_data_":"1","_type_":"decimal"}' + "]" * 498 + "}"
    with suppress(MappingError):
        JSONTranscoder().decode(text)


def test_an_integer_that_could_not_be_read_again_is_refused_when_written() -> None:
    with pytest.raises(MappingError):
        JSONTranscoder().encode({"a": 10**5_000})


def test_dataclasses_come_back_without_running_their_own_code() -> None:
    text = JSONTranscoder().encode({"a": Basket([1], Money(Decimal(2)))})
    made = Basket.made
    basket = JSONTranscoder().decode(text)["a"]
    assert Basket.made == made
    assert basket == Basket([1], Money(Decimal(2)))
    with pytest.raises(FrozenInstanceError):
        basket.total.amount = 1


def test_a_dataclass_and_an_enum_inside_a_function_come_back_in_the_same_program() -> None:
    @dataclass
    class Here:
        x: int

    class There(Enum):
        A = 1

    transcoder = JSONTranscoder()
    assert transcoder.decode(transcoder.encode({"a": Here(1), "b": There.A})) == {"a": Here(1), "b": There.A}


@pytest.mark.parametrize(
    "value",
    [
        '{"_data_":"x","_type_":"uuid"}',
        '{"_data_":5,"_type_":"uuid"}',
        '{"_data_":"x","_type_":"decimal"}',
        '{"_data_":[1,[2]],"_type_":"decimal"}',
        '{"_data_":"*","_type_":"bytes"}',
        '{"_data_":[99999999999,0,0],"_type_":"timedelta"}',
        '{"_data_":[1e300,0,0],"_type_":"timedelta"}',
        '{"_data_":[[1]],"_type_":"set"}',
        '{"_data_":5,"_type_":"tuple"}',
        '{"_data_":[1],"_type_":"dict"}',
        '{"_data_":null,"_type_":"datetime"}',
        '{"_data_":{},"_type_":"enum"}',
        '{"_data_":["os#system","x"],"_type_":"enum"}',
        '{"_data_":["subprocess#Popen",{"args":"x"}],"_type_":"dataclass"}',
        '{"_data_":["gone#Gone","x"],"_type_":"enum"}',
        '{"_data_":[1,2],"_type_":"dataclass"}',
        '{"_data_":"x","_type_":"unknown"}',
        '{"_data_":"x","_type_":{"a":1}}',
        '{"_data_":"x","_type_":["a"]}',
        '{"_data_":"x","_type_":null}',
        f'{{"_data_":["{__name__}#Colour","GREEN"],"_type_":"enum"}}',
        f'{{"_data_":["{__name__}#Colour","__class__"],"_type_":"enum"}}',
        f'{{"_data_":["{__name__}#Right","NONE"],"_type_":"enum"}}',
        f'{{"_data_":["{__name__}#Money",["amount"]],"_type_":"dataclass"}}',
        f'{{"_data_":["{__name__}#Money",7],"_type_":"dataclass"}}',
        f'{{"_data_":["{__name__}#Colour",{{"x":1}}],"_type_":"dataclass"}}',
    ],
)
def test_a_stored_value_that_cannot_be_read_is_a_mapping_error(value: str) -> None:
    with pytest.raises(MappingError):
        JSONTranscoder().decode(f'{{"a":{value}}}')


@given(
    st.sampled_from(
        [
            "uuid",
            "datetime",
            "date",
            "time",
            "timedelta",
            "decimal",
            "tuple",
            "set",
            "bytes",
            "dict",
            "enum",
            "dataclass",
            "frozenset",
        ]
    ),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    ),
)
def test_no_stored_value_raises_anything_but_a_mapping_error(name: str, data: Any) -> None:
    text = json.dumps({"a": {"_type_": name, "_data_": data}})
    with suppress(MappingError):
        JSONTranscoder().decode(text)


def test_a_set_of_sets_has_one_text_in_whatever_order_it_was_made() -> None:
    inner = [frozenset({(False,), timedelta(days=1)}), frozenset({timedelta(days=1), (False,)}), frozenset({None})]
    encode = JSONTranscoder().encode
    assert encode({"a": {*inner}}) == encode({"a": {*reversed(inner)}})
