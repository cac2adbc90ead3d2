"""Rows that become events: each row one event, whose fields are made from the columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter

from esjournal.domain.model import rules
from esjournal.domain.model.eventids import event_id_of
from esjournal.domain.model.sequencenames import are_new_names, id_of_name, new_name
from esjournal.domain.state.batchcheck import doubtful
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData, InvalidLine
from esjournal.interchange.batches import Batch, Columns, batch_of
from esjournal.interchange.rowblocks import RowBlock, json_lines, objects_of
from esjournal.interchange.rowtemplates import RowTemplate
from esjournal.interchange.rowtimes import RowTimes

_ID_LENGTH = 36
# Rows of a sequence may be far apart, and computing its id takes as long as all else. So many ids take some 40 MB.
_MOST_IDS = 200_000


@dataclass(frozen=True)
class RowMetadata:
    """How metadata is made from a row: as an object with members, or as an object that a row has.

    Args:
        members: the values by their names: templates, or JSON.
        whole: a template that makes all of the object.
    """

    members: Mapping[str, RowTemplate | str]
    whole: RowTemplate | None = None

    @property
    def templates(self) -> list[RowTemplate]:
        """All templates."""
        return [part for part in (*self.members.values(), self.whole) if isinstance(part, RowTemplate)]

    def of(self, block: RowBlock) -> list[str | None]:
        """Return the metadata of each row, None for a row whose whole metadata is empty.

        Raises:
            InvalidData: it is not a JSON object.
        """
        if self.whole is not None:
            texts = self.whole.texts(block, may_be_empty=True)
            for at in doubtful(texts):
                if texts[at]:
                    rules.json_object(texts[at], "metadata")
            return [text or None for text in texts]
        columns = [
            [part] * len(block.lines) if isinstance(part, str) else json_lines(part.texts(block, may_be_empty=True))
            for part in self.members.values()
        ]
        return list(objects_of(list(self.members), columns))


@dataclass(frozen=True)
class RowFields:
    """How the fields of an event are made from a row.

    Args:
        sequence: the name of its sequence, or a UUID.
        event_type: its type.
        recorded_at: when it was recorded; by default the time of the import.
        times: how that is read.
        state: the columns that its state has; by default all of them.
        metadata: its metadata, if it has any.
        event_id: its id, if it has one: a UUID, or a text that the UUIDv5 is made of in the namespace of the sequence.
    """

    sequence: RowTemplate
    event_type: RowTemplate
    recorded_at: RowTemplate | None = None
    times: RowTimes = field(default_factory=RowTimes)
    state: Sequence[str] | None = None
    metadata: RowMetadata | None = None
    event_id: RowTemplate | None = None

    def check(self, block: RowBlock) -> None:
        """Refuse the rows of a file if they lack a column.

        Args:
            block: the first rows of the file.

        Raises:
            InvalidData: they do; the message lists those that they have.
        """
        given = [self.sequence, self.event_type, self.recorded_at, self.event_id]
        for template in chain(given, () if self.metadata is None else self.metadata.templates):
            if template is not None:
                template.check(block)
        for name in self.state or ():
            if name not in block.names:
                raise InvalidData(
                    f"there is no column {shortened(name)} for the state: the columns are {', '.join(block.names)}"
                )


class Versions:
    """Counts the versions of sequences up from 0, whatever a journal has.

    So the same rows are the same events when they come again. Each sequence takes about 100 bytes of memory, because
    rows of any of them may follow.
    """

    def __init__(self) -> None:
        # By the name or the UUID of the sequence.
        self._next: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._next

    def of(self, names: Iterable[str]) -> list[int]:
        """Return the version of an event of each of some sequences, given by their names or ids."""
        following, versions = self._next, []
        for name in names:
            version = following.get(name, 0)
            versions.append(version)
            following[name] = version + 1
        return versions

    def following(self, name: str) -> int:
        """Return the next version of a sequence."""
        return self._next.get(name, 0)

    def go_on_after(self, name: str, version: int) -> None:
        """Count on after a version of a sequence."""
        self._next[name] = version + 1


class RowEvents:
    """Makes events of rows: each row is the next version of its sequence, in the order in which the rows come.

    Args:
        fields: how the fields of an event are made.
    """

    def __init__(self, fields: RowFields) -> None:
        self._fields = fields
        self._versions = Versions()
        self._ids: dict[str, str] = {}

    def batches(self, blocks: Iterable[RowBlock]) -> Iterator[Batch]:
        """Yield the events of rows, and the bad rows.

        Args:
            blocks: the rows.
        """
        for block in blocks:
            if not block.lines:
                yield batch_of(block.source, ((bad.line, bad) for bad in block.bad))
                continue
            try:
                yield Batch(block.source, block.lines, self._columns(block), block.bad)
            except InvalidData:
                yield self._batch_with_bad(block)

    def check(self, block: RowBlock) -> None:
        """Refuse the rows of a file if they lack a column; see `RowFields.check`."""
        # A block without any good row has no columns to compare with.
        if block.names:
            self._fields.check(block)

    def _batch_with_bad(self, block: RowBlock) -> Batch:
        parts = list(self._parts(block))
        good = [part for part in parts if isinstance(part, Batch)]
        bad = sorted([*block.bad, *(part for part in parts if isinstance(part, InvalidLine))], key=attrgetter("line"))
        if not good:
            return Batch(block.source, (), batch_of(block.source, ()).columns, bad)
        columns = tuple(
            list(chain.from_iterable(column)) for column in zip(*(part.columns for part in good), strict=True)
        )
        return Batch(block.source, list(chain.from_iterable(part.lines for part in good)), columns, bad)

    def _parts(self, block: RowBlock) -> Iterator[Batch | InvalidLine]:
        """Halve the rows until those that are bad are alone; the others are still taken many at a time."""
        count = len(block.lines)
        try:
            yield Batch(block.source, block.lines, self._columns(block))
        except InvalidData as error:
            if count > 1:
                yield from self._parts(block.part(0, count // 2))
                yield from self._parts(block.part(count // 2, count))
            else:
                self._skip_version(block)
                yield InvalidLine(block.source, block.lines[0], str(error), block.objects()[0])

    def _columns(self, block: RowBlock) -> Columns:
        """Return the events of rows in columns.

        Raises:
            InvalidData: one of them is bad; no version is counted.
        """
        fields, count = self._fields, len(block.lines)
        names = self._sequences(block)
        types = fields.event_type.texts(block)
        for event_type in set(types):
            rules.event_type(event_type)
        times: Sequence[str | None] = [None] * count
        if fields.recorded_at is not None:
            times = fields.times.canonical(fields.recorded_at.texts(block))
        metadata = [None] * count if fields.metadata is None else fields.metadata.of(block)
        states = block.objects(fields.state)
        ids = self._ids_of(names)
        event_ids: Sequence[str | None] = [None] * count
        if fields.event_id is not None:
            event_ids = list(map(event_id_of, ids, fields.event_id.texts(block)))
        return ids, self._versions.of(names), types, states, times, metadata, event_ids

    def _ids_of(self, names: Sequence[str]) -> list[str]:
        """Return the id of each name, as one object, which is then also sent to another process once."""
        known = self._ids
        if len(known) > _MOST_IDS:
            known.clear()
        for name in set(names).difference(known):
            known[name] = id_of_name(name)
        return [known[name] for name in names]

    def _sequences(self, block: RowBlock) -> list[str]:
        """Return the names of the sequences of rows, or their ids.

        Raises:
            InvalidData: a name is empty, or is not allowed.
        """
        names = self._fields.sequence.texts(block)
        distinct = set(names)
        if rules.are_canonical_ids(distinct) or are_new_names(distinct):
            return names
        canonical = {name: _canonical(name) for name in distinct if name not in self._versions}
        return [canonical.get(name, name) for name in names]

    def _skip_version(self, row: RowBlock) -> None:
        """Leave the version of a bad row free, so that it has its place when the file comes again without mistakes."""
        try:
            self._versions.of(self._sequences(row))
        except InvalidData:
            # A row without a sequence has no version in it.
            return


def _canonical(name: str) -> str:
    """Return the name of a sequence as it is, or a UUID in canonical form.

    Raises:
        InvalidData: no sequence may have such a name.
    """
    if len(name) == _ID_LENGTH:
        try:
            return rules.originator_id(name)
        except InvalidData:
            pass
    return new_name(name)
