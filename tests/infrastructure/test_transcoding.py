"""Attributes to JSON and back: equal values, always the same text, and no code run by data."""

import dataclasses
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
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, settings
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
    made: ClassVar[int] = 0
    items: list[Any] = field(default_factory=list)
    total: Money | None = None

    def __post_init__(self) -> None:
        Basket.made += 1


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
attribute_names = st.text(min_size=1).filter(
    lambda name: name not in reserved and not name.startswith("__")
) | st.sampled_from(["_type_", "_data_"])


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal, with the same types at every level; for ==, 1, 1.0 and True are equal."""
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
        return bool(one.utcoffset() == other.utcoffset())
    if isinstance(one, float):
        return math.copysign(1, one) == math.copysign(1, other)
    return True


def each_has_its_like(some: Collection[Any], others: Collection[Any]) -> bool:
    """Return whether two unordered collections have the same members; sorting by repr would trust a set's own repr."""
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
    with pytest.raises(ValueError, match="'uuid' already means another class"):
        transcoder.register(Word, name="uuid", encode=str, decode=Word)
    with pytest.raises(ValueError, match="'enum' already means"):
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
        (n for n in ""),
        [1, {"x": {Word("hi")}}],
    ],
    ids=lambda value: type(value).__name__,
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
def test_written_values_can_be_read_at_any_depth(depth: int, innermost: Any) -> None:
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


RAN: list[str] = []


def watched(name: str) -> Any:
    def run(*arguments: Any, **named: Any) -> Any:
        RAN.append(name)
        return NotImplemented

    return run


CODE = [
    *("__iter__", "__next__", "keys", "items", "replace", "__getitem__", "__len__", "__bool__", "__hash__", "__eq__"),
    *("__lt__", "__index__", "__int__", "__float__", "__str__", "__repr__", "__format__", "__bytes__", "__contains__"),
    *("__new__", "__init__", "__post_init__", "__setattr__", "__delattr__", "__getattr__", "__getattribute__"),
    *("__call__", "__set_name__", "__instancecheck__", "__subclasscheck__", "__or__", "__reduce__"),
    *("read", "decode", "split", "as_tuple", "hex", "__buffer__", "__complex__", "__ror__", "__neg__", "__abs__"),
]


class Meta(type):
    """The metaclass of a class that stored data may name: none of its code may run either."""

    armed = False

    def __getattribute__(cls, name: str) -> Any:
        if Meta.armed:
            RAN.append(f"metaclass: {name}")
        return super().__getattribute__(name)

    def __hash__(cls) -> int:
        RAN.append("metaclass: __hash__")
        return 1

    def __eq__(cls, other: object) -> bool:
        RAN.append("metaclass: __eq__")
        return cls is other

    def __call__(cls, *arguments: Any) -> Any:
        RAN.append("metaclass: __call__")

    def __instancecheck__(cls, instance: object) -> bool:
        RAN.append("metaclass: __instancecheck__")
        return False


class Trap:
    """A default that records every access to it."""

    __set__ = watched("Trap.__set__")
    __get__ = watched("Trap.__get__")
    __delete__ = watched("Trap.__delete__")


def trapped(name: str, **code: Any) -> Any:
    cls = dataclasses.make_dataclass(name, ["x", "y"], eq=False, repr=False, init=False)
    methods = {method: watched(f"{name}.{method}") for method in CODE}
    made = Meta(name, (cls,), {**methods, "__module__": __name__, **code})
    setattr(sys.modules[__name__], name, made)
    return made


trapped("Hostile")
trapped("HostileDict", __dict__=property(watched("__dict__")))
trapped("HostileClass", __class__=property(watched("__class__")))
trapped("HostileField", x=property(watched("x.get"), watched("x.set")))
trapped("HostileDescriptor", x=Trap())
trapped("HostileEnd", __del__=watched("__del__"))
trapped("HostileNames", __qualname__="HostileNames", __name__=property(watched("__name__")))
HOSTILE = ["Hostile", "HostileDict", "HostileClass", "HostileField", "HostileDescriptor", "HostileEnd", "HostileNames"]


class Proxy:
    """An object in a module that runs code however it is used."""

    __class__ = property(watched("Proxy.__class__"))
    __dict__ = property(watched("Proxy.__dict__"))
    __getattr__ = watched("Proxy.__getattr__")


proxy = Proxy()


class Custom(Flag):
    A = 1
    B = 2

    @classmethod
    def _missing_(cls, value: object) -> Any:
        RAN.append("Custom._missing_")
        return super()._missing_(value)


class Iterated(Flag):
    A = 1
    B = 2

    @classmethod
    def _iter_member_(cls, value: int) -> Any:
        RAN.append("Iterated._iter_member_")
        return iter(())


class IteratedByDefinition(Flag):
    B = 2
    A = 1

    @classmethod
    def _iter_member_by_def_(cls, value: int) -> Any:
        RAN.append("IteratedByDefinition._iter_member_by_def_")
        return iter(())


class LoudInteger(int):
    __int__ = __or__ = __ror__ = __eq__ = watched("LoudInteger")

    def __hash__(self) -> int:
        RAN.append("LoudInteger.__hash__")
        return 1


class Valued(Flag):
    A = LoudInteger(1)
    B = LoudInteger(2)


class Disordered(Flag):
    B = 2
    A = 1


class Loud(Enum):
    A = 1

    def __hash__(self) -> int:
        RAN.append("Loud.__hash__")
        return 1

    def __eq__(self, other: object) -> bool:
        RAN.append("Loud.__eq__")
        return self is other


@dataclass(frozen=True)
class Hashed:
    x: Any

    def __hash__(self) -> int:
        RAN.append("Hashed.__hash__")
        return 1


@dataclass(frozen=True)
class Compared:
    x: Any

    def __eq__(self, other: object) -> bool:
        RAN.append("Compared.__eq__")
        return True

    __hash__ = object.__hash__


@dataclass(frozen=True)
class Defaulted:
    x: Any = Loud.A


FLAGS = ["Custom", "Iterated", "IteratedByDefinition", "Valued"]


def tagged(name: str, data: Any) -> dict[str, Any]:
    return {"_type_": name, "_data_": data}


def instance(name: str, **fields: Any) -> dict[str, Any]:
    return tagged("dataclass", [f"{__name__}#{name}", fields])


names_of_types = [
    *("uuid", "datetime", "date", "time", "timedelta", "decimal", "tuple", "set", "frozenset", "bytes", "dict"),
    *("enum", "dataclass"),
]
traps = [
    *(instance(name, x=1, y=[2]) for name in HOSTILE),
    *(tagged("enum", [f"{__name__}#{name}", "A"]) for name in ("Loud", "Custom", *HOSTILE, "proxy", "proxy.x")),
    *(tagged("dataclass", [f"{__name__}#{name}", {}]) for name in ("proxy", "proxy.__class__", "Loud", "Defaulted")),
    *(tagged("enum", [f"{__name__}#{name}", "A", "B"]) for name in FLAGS),
    instance("Hashed", x=1),
    instance("Compared", x=1),
    instance("Defaulted", x=tagged("enum", [f"{__name__}#Loud", "A"])),
]
hostile_states = st.recursive(
    st.sampled_from(traps) | st.integers(0, 2) | st.sampled_from(["x", "A", f"{__name__}#Hostile"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("xyz"), inner, max_size=2)
        | st.builds(tagged, st.sampled_from(names_of_types), inner | st.lists(inner, max_size=3))
        | st.builds(lambda name, x: instance(name, x=x), st.sampled_from([*HOSTILE, "Hashed", "Defaulted"]), inner)
        | st.builds(lambda key, item: tagged("dict", [[key, item], [key, item]]), inner, inner)
        | st.builds(lambda item: tagged("set", [item, item, 1]), inner)
    ),
    max_leaves=6,
)


def decoded_without_code(state: Any) -> Any:
    text = json.dumps({"a": state})
    RAN.clear()
    Meta.armed = True
    try:
        return JSONTranscoder().decode(text)
    except MappingError as error:
        return str(error)
    finally:
        Meta.armed = False
        assert RAN == [], (RAN, state)


@settings(max_examples=400)
@given(hostile_states)
def test_no_state_runs_code_of_a_class_that_it_names(state: Any) -> None:
    kept = decoded_without_code(state)
    # The result may have code of its own; it is not looked at, and is freed here.
    del kept
    RAN.clear()


@pytest.mark.parametrize("name", names_of_types)
@pytest.mark.parametrize("trap", traps, ids=range(len(traps)))
def test_no_decoder_runs_code_of_what_it_is_given(name: str, trap: Any) -> None:
    for data in (
        trap,
        [trap],
        [trap, trap],
        [[trap, trap]],
        [[trap, 1], [trap, 2]],
        [1, trap],
        ["x", trap],
        {"x": trap},
    ):
        decoded_without_code(tagged(name, data))


@pytest.mark.parametrize("name", ["Hostile", "HostileClass", "HostileNames"])
def test_a_dataclass_with_code_everywhere_is_made_all_the_same(name: str) -> None:
    made = decoded_without_code(instance(name, x=1, y=[2]))["a"]
    assert type(made) is vars(sys.modules[__name__])[name]
    assert vars(Happened)["__module__"] == __name__
    stored = next(vars(cls)["__dict__"] for cls in reversed(type.mro(type(made))) if "__dict__" in vars(cls))
    assert stored.__get__(made) == {"x": 1, "y": [2]}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("HostileField", "field x is a property"),
        ("HostileDescriptor", "field x is a property"),
        ("HostileDict", "field x is a property, or cannot be stored"),
        ("HostileEnd", "__del__"),
    ],
)
def test_a_dataclass_that_runs_code_is_refused_when_read_and_when_written(name: str, message: str) -> None:
    assert message in decoded_without_code(instance(name, x=1))
    with pytest.raises(
        MappingError, match=rf"cannot be made without running its own code.*{message}.*teach the mapper"
    ):
        JSONTranscoder().encode({"a": object.__new__(vars(sys.modules[__name__])[name])})


@pytest.mark.parametrize(
    "value",
    [Hashed(1), Compared(1), Loud.A, (1, Hashed(1)), Money(Hashed(1))],  # type: ignore[arg-type]
    ids=range(5),
)
def test_a_set_of_values_with_their_own_hash_is_refused_when_read_and_when_written(value: Any) -> None:
    transcoder = JSONTranscoder()
    plain = json.loads(transcoder.encode({"a": value}))["a"]
    for state in (tagged("set", [plain]), tagged("frozenset", [plain]), tagged("dict", [[plain, 1]])):
        assert "have values whose class has its own __eq__ or __hash__" in decoded_without_code(state)
    for collection in ({value}, frozenset([value]), {value: 1}):
        with pytest.raises(MappingError, match="has its own __eq__ or __hash__: use a list, or teach the mapper"):
            transcoder.encode({"a": collection})


def test_a_class_that_was_taught_may_be_in_a_set() -> None:
    transcoder = JSONTranscoder()
    transcoder.register(Word, name="word", encode=lambda word: word.text, decode=Word)
    attributes = {"a": {Word("x"), Word("y")}, "b": {Word("x"): 1}, "c": {(Word("x"), Money(Word("y")))}}  # type: ignore[arg-type]
    assert transcoder.decode(transcoder.encode(attributes)) == attributes


def test_a_flag_with_code_for_values_without_a_name_is_refused_when_read_and_when_written() -> None:
    assert JSONTranscoder().decode(JSONTranscoder().encode({"a": Custom.A})) == {"a": Custom.A}
    both = vars(Custom)["_value2member_map_"].pop(3, None)
    assert both is None
    for name in FLAGS:
        assert "has its own code" in decoded_without_code(tagged("enum", [f"{__name__}#{name}", "A", "B"]))


def test_a_flag_whose_members_are_not_in_the_order_of_their_values_is_read() -> None:
    both = tagged("enum", [f"{__name__}#Disordered", "A", "B"])
    assert decoded_without_code(both) == {"a": Disordered.A | Disordered.B}


@pytest.mark.parametrize(
    "value",
    [
        tagged("uuid", "9B300B13-4410-51BF-85CA-234C8CEA73DA"),
        tagged("uuid", "9b300b13441051bf85ca234c8cea73da"),
        tagged("datetime", "20260131T120000"),
        tagged("datetime", "2026-01-31 12:00:00"),
        tagged("date", "2026-W05-6"),
        tagged("time", "12:30"),
        tagged("decimal", "1_000"),
        tagged("decimal", " 1"),
        tagged("decimal", "1e5"),
        tagged("decimal", 5),
        tagged("timedelta", [1, 2]),
        tagged("timedelta", [0, 86_400, 0]),
        tagged("timedelta", [True, 0, 0]),
        tagged("timedelta", [1.0, 0, 0]),
        tagged("bytes", "AP9="),
        tagged("tuple", "ab"),
        tagged("tuple", {"a": 1}),
        tagged("set", [1, 1.0]),
        tagged("set", [[1]]),
        tagged("dict", {"a": 1}),
        tagged("dict", [[1, 2, 3]]),
        tagged("dict", [[1, 2], [True, 3]]),
        tagged("dict", ["ab"]),
    ],
    ids=repr,
)
def test_what_the_encoders_never_wrote_is_refused(value: Any) -> None:
    with pytest.raises(MappingError, match="cannot be read"):
        JSONTranscoder().decode(json.dumps({"a": value}))


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
