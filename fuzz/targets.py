"""The targets: accepted input comes back equal, and only our own errors are raised."""

from __future__ import annotations

import gzip
import io
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import typer
import zstandard
from hypothesis import assume
from hypothesis import strategies as st

from esjournal.cli.rendering.parts.metadatawords import metadata_words
from esjournal.cli.rendering.templates import template
from esjournal.domain.causes import causes_of, key_of
from esjournal.domain.choices import FileFormat
from esjournal.domain.model import rules
from esjournal.domain.model.recordedevent import ADDED_FIELDS, SEQUENCE_NAME, RecordedEvent
from esjournal.domain.model.sequencenames import name_of_id
from esjournal.domain.model.typepatterns import Patterns
from esjournal.domain.state import jsontext, values
from esjournal.domain.state.where import field_condition
from esjournal.exceptions import EsjournalError, InvalidData, InvalidLine
from esjournal.infrastructure.cipher import AESGCMCipher
from esjournal.infrastructure.sqlalchemy.urls import StoreURL
from esjournal.interchange import csvtext, ndjson
from esjournal.interchange.bytestreams import ByteStream, byte_stream
from esjournal.interchange.inputfiles import read_events
from esjournal.interchange.rejects import Problem, reject_line
from esjournal.interchange.rowblocks import RowBlock, read_csv, read_ndjson
from esjournal.interchange.rowevents import RowEvents, RowFields, RowMetadata
from esjournal.interchange.rowtemplates import RowTemplate
from esjournal.interchange.seals import Sealer, seal_line
from esjournal.interchange.textencodings import UTF_8
from esjournal.journal.cursor import cursor_at, cursor_line, position_after
from esjournal.journal.journal import open_temporary_journal
from esjournal.journal.transfer.exporting import export_events
from esjournal.journal.transfer.importing import import_events
from fuzz import inputs
from tests.helpers.events import event_of, json_states, reads, recorded_events, row_of, sequence

# The columns that CSV has only if an event needs them.
ADDED = (*ADDED_FIELDS, SEQUENCE_NAME)
Strategies = tuple[st.SearchStrategy[Any], ...]
TARGETS: dict[str, tuple[Callable[..., None], Strategies]] = {}
_SCRATCH = tempfile.TemporaryDirectory(prefix="esjournal-fuzz-")
_INPUT = Path(_SCRATCH.name) / "input"


def target(*strategies: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def noted(function: Callable[..., None]) -> Callable[..., None]:
        TARGETS[function.__name__.replace("_", "-")] = function, strategies
        return function

    return noted


def outcome(read: Callable[[bytes], object], data: bytes) -> object:
    try:
        return read(data)
    except InvalidData as error:
        return str(error)


def found_in(
    data: bytes,
    file_format: FileFormat,
    *,
    line_limit: int = 100_000,
    delimiter: str | None = None,
    encoding: str = UTF_8,
) -> list[RecordedEvent]:
    """The events of a file; bad lines become rejects, which must be lines of JSON."""
    _INPUT.write_bytes(data)
    events = []
    with byte_stream(str(_INPUT), line_limit=line_limit, encoding=encoding) as opened, suppress(EsjournalError):
        for _, read in reads(read_events(opened, file_format, delimiter=delimiter)):
            if isinstance(read, InvalidLine):
                line = reject_line(read)
                assert line.endswith("\n")
                assert line.count("\n") == 1
                assert str(read).isprintable()
            else:
                events.append(read)
    return events


def comes_back(events: list[RecordedEvent], file_format: FileFormat) -> None:
    """Write events, read them again, and compare."""
    numbered = [
        found._replace(global_position=position, recorded_at=found.recorded_at or "2026-01-31T12:00:00.000000Z")
        for position, found in enumerate(events, 1)
    ]
    if file_format is FileFormat.CSV:
        text = "".join(csvtext.write(numbered, safe=False, added=ADDED))
    else:
        text = "".join(ndjson.write(numbered))
    again = found_in(text.encode(), file_format, line_limit=10_000_000)
    assert list(map(said_by, again)) == list(map(said_by, numbered))


def said_by(event: RecordedEvent) -> tuple[object, ...]:
    """All that a file says of an event, apart from its global position."""
    return (*event[:-1], name_of_id(event.originator_id))


@target(inputs.lines().flatmap(inputs.changed))
def line_both_ways(line: bytes) -> None:
    line = line.removesuffix(b"\r")
    assume(line.strip())
    quickly, slowly = outcome(event_of, line), outcome(ndjson._slowly, line)
    assert quickly == slowly
    if isinstance(quickly, RecordedEvent) and isinstance(slowly, RecordedEvent):
        assert said_by(quickly) == said_by(slowly)


@target(st.lists(inputs.lines(), max_size=6).map(inputs.joined).flatmap(inputs.changed))
def ndjson_file(data: bytes) -> None:
    comes_back(found_in(data, FileFormat.NDJSON), FileFormat.NDJSON)


@target(st.lists(inputs.lines(), max_size=4), st.sampled_from([",", ",\n", " , ", "\n", ""]), st.data())
def json_array(lines: list[bytes], separator: str, data: st.DataObject) -> None:
    text = data.draw(inputs.changed(b"[" + separator.encode().join(lines) + b"]"))
    comes_back(found_in(text, FileFormat.NDJSON), FileFormat.NDJSON)


@target(st.lists(inputs.recorded(), max_size=4), st.data())
def csv_file(events: list[RecordedEvent], data: st.DataObject) -> None:
    delimiter = data.draw(st.sampled_from(",;\t|¦"))
    safe = data.draw(st.booleans())
    text = "".join(csvtext.write(events, safe=safe, added=data.draw(st.sampled_from([(), ADDED])), delimiter=delimiter))
    if data.draw(st.booleans()):
        text = f"sep={delimiter}\n{text}"
    changed = data.draw(inputs.changed(text.encode(errors="surrogatepass")))
    comes_back(
        found_in(changed, FileFormat.CSV, delimiter=data.draw(st.sampled_from([None, delimiter]))), FileFormat.CSV
    )


@target(
    st.lists(inputs.recorded(), max_size=4), st.sampled_from(["cp1252", "shift_jis", "utf-16", "utf-32-be"]), st.data()
)
def encoded_file(events: list[RecordedEvent], encoding: str, data: st.DataObject) -> None:
    file_format = data.draw(st.sampled_from([FileFormat.NDJSON, FileFormat.CSV]))
    texts = ndjson.write(events) if file_format is FileFormat.NDJSON else csvtext.write(events, safe=False, added=ADDED)
    changed = data.draw(inputs.changed("".join(texts).encode(encoding, "replace")))
    comes_back(found_in(changed, file_format, encoding=encoding), file_format)


def events_of_rows(data: bytes, read: Callable[[ByteStream], Iterator[RowBlock]]) -> list[RecordedEvent]:
    """The events that are made of the rows of a file; bad rows become rejects."""
    _INPUT.write_bytes(data)
    fields = RowFields(RowTemplate("{a}"), RowTemplate("x{b}"), metadata=RowMetadata({"%": RowTemplate("{b}")}))
    events: list[RecordedEvent] = []
    with byte_stream(str(_INPUT), line_limit=100_000) as opened, suppress(EsjournalError):
        for batch in RowEvents(fields).batches(read(opened)):
            assert all(reject_line(bad).count("\n") == 1 for bad in batch.bad)
            events += batch.events
    return events


@target(st.lists(st.tuples(st.text(), st.text(max_size=4)), max_size=4), st.booleans(), st.data())
def rows_of_csv(rows: list[tuple[str, str]], typed: bool, data: st.DataObject) -> None:
    text = "".join(csvtext.table_of(["a", "b"], rows, safe=False)).encode(errors="surrogatepass")
    found = events_of_rows(data.draw(inputs.changed(text)), partial(read_csv, typed=typed))
    comes_back(found, FileFormat.NDJSON)


@target(st.lists(json_states(), max_size=4), st.data())
def rows_of_ndjson(states: list[str], data: st.DataObject) -> None:
    lines = [state.replace("{", '{"a":"n","b":1,', 1) for state in states]
    text = "\n".join(lines).encode(errors="surrogatepass")
    comes_back(events_of_rows(data.draw(inputs.changed(text)), read_ndjson), FileFormat.NDJSON)


@target(st.integers(0, 5), st.data())
def sealed_file(count: int, data: st.DataObject) -> None:
    numbered = [found._replace(global_position=position) for position, found in enumerate(sequence(count), 1)]
    text = "".join(ndjson.write(numbered)).encode()
    sealer = Sealer()
    sealer.update(text, count)
    whole = text + seal_line(sealer.seal())
    given_text = data.draw(inputs.changed(whole))
    _INPUT.write_bytes(given_text)
    try:
        with byte_stream(str(_INPUT)) as opened:
            found = [read for _, read in reads(ndjson.read(opened, seal_required=True))]
    except EsjournalError:
        return
    # Every byte before the seal counts, except a byte order mark at the beginning; blank lines after it do not.
    if given_text.strip() == whole.strip():
        assert found == numbered
    else:
        assert given_text.removeprefix(b"\xef\xbb\xbf").startswith(text) or b'{"seal":' in given_text


@target(st.lists(inputs.lines(), max_size=4).map(inputs.joined), st.integers(0, 3), st.data())
def compressed_stream(text: bytes, layers: int, data: st.DataObject) -> None:
    plain, compressed = text, text
    packs: list[Callable[[bytes], bytes]] = [partial(gzip.compress, mtime=0), zstandard.ZstdCompressor().compress]
    for _ in range(layers):
        pack = data.draw(st.sampled_from(packs))
        compressed = pack(compressed)
    given_bytes = data.draw(inputs.changed(compressed))
    found = found_in(given_bytes, FileFormat.NDJSON)
    if given_bytes == compressed and layers:
        assert found == found_in(plain, FileFormat.NDJSON)


@target(st.one_of(st.binary(max_size=80), inputs.near_json.map(lambda text: text.encode(errors="surrogatepass"))))
def any_bytes(data: bytes) -> None:
    for file_format in (FileFormat.NDJSON, FileFormat.CSV):
        comes_back(found_in(data, file_format), file_format)


def _refused(constant: str) -> NoReturn:
    raise ValueError(constant)


@target(st.one_of(inputs.near_json, json_states()))
def state(text: str) -> None:
    try:
        json.loads(text, parse_int=str, parse_constant=_refused)
        valid = True
    except (ValueError, RecursionError):
        valid = False
    with suppress(InvalidData, jsontext.Malformed):
        jsontext.check(rules.state_text(text).encode())
        assert valid
    with suppress(InvalidData):
        assert rules.json_object(text) is text
        assert values.parsed(text) is not None
        assert values.comparable(text) is not values.MISSING


@target(st.data())
def cursor_file(data: st.DataObject) -> None:
    with open_temporary_journal() as journal:
        journal.events.append(sequence(3))
        position = data.draw(st.integers(0, 3))
        line = cursor_line(cursor_at(journal, position))
        given_line = data.draw(inputs.changed(line))
        _INPUT.write_bytes(given_line)
        with suppress(EsjournalError):
            assert position_after(journal, str(_INPUT)) in range(4)
        if given_line == line:
            assert position_after(journal, str(_INPUT)) == position


@target(
    st.one_of(
        inputs.any_text,
        st.builds(
            "{}{}{}".format,
            st.one_of(st.sampled_from(["a", "a.b", "meta.a", '"a b".c', "a[0]", "a[", 'a."']), inputs.any_text),
            st.sampled_from([" == ", "=", "!=", " < ", ">=", " ~ ", ""]),
            inputs.values,
        ),
    ),
    json_states(),
)
def where(text: str, state: str) -> None:
    with suppress(InvalidData):
        field_condition(text).holds(values.parsed(state))


@target(
    st.one_of(
        json_states(),
        st.builds(
            '{{"{}":{},"causationMessagePosition":{}}}'.format,
            st.sampled_from(["causation_id", "correlation_id", "$causationId", "causationMessageStreamName"]),
            inputs.values,
            inputs.values,
        ),
    ),
    st.one_of(inputs.any_text, st.builds("{}/{}".format, inputs.any_text, inputs.any_text)),
)
def causes(metadata: str, reference: str) -> None:
    for named in (reference, *causes_of(metadata)):
        if named is not None and (key := key_of(named)) is not None:
            assert key_of(key if isinstance(key, str) else f"{key[0]}/{key[1]}") == key
    assert "\n" not in metadata_words(metadata)


@target(
    st.lists(
        st.one_of(
            inputs.any_text,
            st.sampled_from(["{state.a}", "{meta.a}", "{sequence_name}", '{state."a', "{{", "}", "{event_type}"]),
        )
    ),
    recorded_events(),
)
def line_template(parts: list[str], event: RecordedEvent) -> None:
    with suppress(InvalidData, typer.BadParameter):
        assert template("".join(parts))(row_of(event)).endswith("\n")


@target(st.lists(st.text("abc*?[]!.#`\\", max_size=8), max_size=3), st.text("abc*?[]!.#`", max_size=8))
def type_patterns(patterns: list[str], event_type: str) -> None:
    with suppress(InvalidData):
        assert Patterns([event_type]).match(event_type)
        Patterns(patterns).match(event_type)


@target(
    st.one_of(
        inputs.any_text,
        st.builds(
            "{}://{}:{}@{}/{}?{}={}".format,
            st.sampled_from(["postgresql", "postgres", "sqlite", "sqlite+x", "file"]),
            *[st.text("ab:@/%2?&=[]#*é ~\x1b", max_size=6)] * 4,
            st.sampled_from(["timeout", "schema", "layout", "table", "password", "sslmode", "host", "x"]),
            st.text("ab:@/%2?&=1. ", max_size=6),
        ),
    )
)
def url(text: str) -> None:
    with suppress(EsjournalError):
        parsed = StoreURL.parse(text)
        assert str(parsed).isprintable() or not text.isprintable()


@target(inputs.near_times)
def recorded_at(text: str) -> None:
    with suppress(InvalidData):
        time = rules.recorded_at(text)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", time)
        assert rules.recorded_at(time) == time
        assert rules.are_canonical_times([time])


@target(st.text(st.characters(exclude_categories=["Cs"])), st.data())
def ciphertext(text: str, data: st.DataObject) -> None:
    cipher = AESGCMCipher(b"k" * 32)
    sealed = cipher.encrypt(text, sequence_id="a", position=1)
    assert cipher.decrypt(sealed, sequence_id="a", position=1) == text
    changed = data.draw(inputs.changed(sealed.encode())).decode(errors="replace")
    with suppress(EsjournalError):
        assert cipher.decrypt(changed, sequence_id="a", position=1) == text


@target(st.lists(inputs.lines(), max_size=6).map(inputs.joined).flatmap(inputs.changed), st.booleans())
def imported_file(data: bytes, tolerant: bool) -> None:
    _INPUT.write_bytes(data)
    problems: list[Problem] = []
    with open_temporary_journal() as journal:
        with suppress(EsjournalError), byte_stream(str(_INPUT), line_limit=100_000) as opened:
            import_events(
                journal,
                read_events(opened, FileFormat.NDJSON),
                put_aside=problems.append if tolerant else None,
            )
        for problem in problems:
            assert reject_line(problem).count("\n") == 1
        stream = io.BytesIO()
        count = export_events(journal, stream, FileFormat.NDJSON).events
        before = stream.getvalue()
    with open_temporary_journal() as again:
        _INPUT.write_bytes(before)
        with byte_stream(str(_INPUT), line_limit=10_000_000) as opened:
            assert import_events(again, read_events(opened, FileFormat.NDJSON)).appended == count
        stream = io.BytesIO()
        export_events(again, stream, FileFormat.NDJSON)
    assert stream.getvalue() == before


@target(
    st.lists(
        st.builds(
            RecordedEvent,
            st.one_of(st.uuids().map(str), inputs.any_text),
            st.one_of(st.integers(-1, 3), st.integers()),
            inputs.any_text,
            st.one_of(json_states(), inputs.any_text),
            st.one_of(st.none(), inputs.near_times),
            st.one_of(st.none(), json_states(), inputs.any_text),
            st.one_of(st.none(), st.sampled_from(inputs.EVENT_IDS), inputs.any_text),
        ),
        min_size=1,
        max_size=3,
    )
)
def appended_events(events: list[RecordedEvent]) -> None:
    with open_temporary_journal() as journal, suppress(EsjournalError):
        journal.events.append(events)
        stored = list(journal.events.all_items())
        assert [found[1:4] for found in stored] == [given_event[1:4] for given_event in events]
        stream = io.BytesIO()
        export_events(journal, stream, FileFormat.NDJSON)
        read = found_in(stream.getvalue(), FileFormat.NDJSON, line_limit=10_000_000)
        assert list(map(said_by, read)) == list(map(said_by, stored))
