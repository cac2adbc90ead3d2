"""Rows that become events in the user's own function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from esjournal.domain.model.recordedevent import SEQUENCE_NAME, RecordedEvent
from esjournal.domain.model.sequencenames import id_of_name, shown_id
from esjournal.domain.usercode import failure
from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.interchange import ndjson
from esjournal.interchange.batches import Batch, Read, batch_of
from esjournal.interchange.rowblocks import RowBlock, json_of
from esjournal.interchange.rowevents import Versions

_ID, _VERSION = RecordedEvent._fields[:2]
_row_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class FunctionEvents:
    """Makes events of rows in a function.

    The function gets a row as a dictionary, in which numbers with decimals are Decimals. It returns or yields none, one
    or several events: dictionaries with the fields of a line of NDJSON. An event without a version gets the next one of
    its sequence.

    Args:
        function: the function.
        name: its name in messages.
    """

    def __init__(self, function: Callable[[dict[str, Any]], Any], name: str) -> None:
        self._function = function
        self._name = name
        self._versions = Versions()

    def check(self, block: RowBlock) -> None:
        """Accept the rows of any file: the function says what it needs."""

    def batches(self, blocks: Iterable[RowBlock]) -> Iterator[Batch]:
        """Yield the events of rows, and the rows of which the function made none because it failed.

        Args:
            blocks: the rows.
        """
        for block in blocks:
            bad = {error.line: error for error in block.bad}
            reads = sorted([*bad.items(), *self._reads(block)], key=lambda read: read[0])
            yield batch_of(block.source, reads)

    def _reads(self, block: RowBlock) -> Iterator[Read]:
        rows = block.objects()
        lines: list[tuple[int, bytes]] = []
        reasons: dict[int, str] = {}
        for at, row in enumerate(rows):
            try:
                lines += [(at, self._line(event)) for event in self._events(_row_decoder.decode(row))]
            except InvalidData as error:
                reasons[at] = str(error)
        reads = list(ndjson.read_lines(block.source, lines))
        for at, read in reads:
            if isinstance(read, InvalidLine):
                reasons.setdefault(at, f"{self._name} made an event that is not one: {read.reason}")
        # A row is bad as a whole: its other events mean something else without the one that is missing.
        yield from ((block.lines[at], read) for at, read in reads if at not in reasons)
        for at, reason in reasons.items():
            line = block.lines[at]
            yield line, InvalidLine(block.source, line, reason, rows[at])

    def _events(self, row: dict[str, Any]) -> list[Any]:
        """Return the events that the function makes of a row.

        Raises:
            InvalidData: it fails.
        """
        try:
            made = self._function(row)
            if made is None:
                return []
            if isinstance(made, Iterable):
                return [made] if isinstance(made, Mapping) else list(made)
        except (Exception, SystemExit) as error:
            raise InvalidData(failure(self._name, error)) from None
        raise InvalidData(f"{self._name} returned a value of type {type(made).__name__}: return dictionaries, or None")

    def _line(self, event: Any) -> bytes:
        """Return an event as a line of NDJSON, with a version.

        Raises:
            InvalidData: it is not a dictionary, or has something that JSON has not, or an earlier version.
        """
        if not isinstance(event, Mapping):
            raise InvalidData(f"{self._name} made a {type(event).__name__}: return dictionaries, or None")
        fields = dict(event)
        name, originator_id = fields.get(SEQUENCE_NAME), fields.get(_ID)
        if name is None and originator_id is None:
            # It is read as a line, which says that.
            fields[_VERSION] = 0
        else:
            sequence = id_of_name(name) if isinstance(name, str) else str(originator_id).lower()
            fields[_VERSION] = self._version(sequence, fields.get(_VERSION))
        try:
            return json_of(fields).encode()
        except (TypeError, ValueError, RecursionError, UnicodeEncodeError) as error:
            raise InvalidData(f"{self._name} made an event that cannot be written as JSON: {error}") from None

    def _version(self, sequence: str, given: Any) -> Any:
        if given is None:
            return self._versions.of([sequence])[0]
        if type(given) is not int:
            return given
        if (following := self._versions.following(sequence)) > given:
            raise InvalidData(
                f"{self._name} gave version {given} of sequence {shown_id(sequence)}, but an earlier row had version "
                f"{following - 1}: versions go up"
            )
        self._versions.go_on_after(sequence, given)
        return given
