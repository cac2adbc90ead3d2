"""SQL that is built once and run many times, and the conversion of items to rows and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import itemgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, Float, LargeBinary, Table, bindparam, literal_column, select
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from esjournal.domain.model.recordedevent import EVENT_ID, METADATA
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData, StoreDamaged
from esjournal.infrastructure.sequenceditem import SequencedItemFieldNames
from esjournal.infrastructure.sqlalchemy.columntypes import Timestamp
from esjournal.infrastructure.sqlalchemy.databasesql import DatabaseSQL
from esjournal.infrastructure.sqlalchemy.items.columnrules import ANYTHING, rule_of, rule_of_type
from esjournal.infrastructure.sqlalchemy.items.conditions import EVERYTHING, Conditions, Names, fragments
from esjournal.infrastructure.sqlalchemy.items.rowclasses import Classes, misfit
from esjournal.infrastructure.sqlalchemy.layouts.foreigntable import Writing, writing_of

Item = TypeVar("Item", bound=tuple[Any, ...])
Process = Callable[[Any], Any] | None
# A row of a table, in the driver's form.
Row = tuple[Any, ...]
Rows = Sequence[Row]

# What a column says of itself if tables have it since a later schema version.
SINCE = "since"
GLOBAL_POSITION = "global_position"
RECORDED_AT = "recorded_at"
# The number of rows of one INSERT: with 50, SQLite takes a third less time for a row than with one, and more rows do
# not make it faster.
ROWS_OF_AN_INSERT = 50


@dataclass(frozen=True)
class AppendStatements:
    """The statements that write rows to a table.

    `insert` writes one row at a given position of its sequence, and `insert_many` writes ROWS_OF_AN_INSERT rows.
    `insert_next` writes one row at the next position of its sequence; its parameters have the sequence's id again
    instead of the position. `last_global_position` reads the last global position, and `last_written` that of the row
    just written. `copy` is PostgreSQL's bulk statement, None if rows can only be inserted; `numbered` says whether its
    rows include their global positions, and `insert` and `insert_next` return that of their row. `insert_name` writes
    the id and the name of a sequence unless its id is there, and is None if the table's sequences have no names.
    """

    table: Table
    insert: str
    insert_many: str
    insert_next: str
    last_global_position: str
    last_written: str
    copy: str | None
    numbered: bool
    insert_name: str | None


@dataclass(frozen=True)
class _Columns:
    """Columns of rows: their names, the allowed classes of their values, and what turns these into fields of items."""

    names: tuple[str, ...]
    classes: tuple[Classes, ...]
    results: tuple[Process, ...]

    def some(self, indexes: Sequence[int]) -> _Columns:
        """Return some of the columns."""
        return _Columns(
            tuple(self.names[index] for index in indexes),
            tuple(self.classes[index] for index in indexes),
            tuple(self.results[index] for index in indexes),
        )

    def place_of(self, row: Row) -> str:
        """Return the global position of a row for a message, or the first two columns if it is not known."""
        if GLOBAL_POSITION in self.names:
            return f"global position {row[self.names.index(GLOBAL_POSITION)]}"
        return ", ".join(f"{name} {shortened(value)}" for name, value in zip(self.names[:2], row, strict=False))

    def unreadable(self, rows: Rows) -> Iterator[tuple[Row, str]]:
        """Yield rows with values that cannot be turned into fields, and what is wrong with them."""
        for row in rows:
            for name, result, value in zip(self.names, self.results, row, strict=True):
                try:
                    if result:
                        result(value)
                except InvalidData as error:
                    yield row, f"{name} {error}"


class Statements(Generic[Item]):
    """The statements of a strategy: for one table, one item class and one database.

    Args:
        active_record_class: a class with a `__table__`, which has a column for the global position and one for each
            field of the item, by key. Three functions of the class are optional: `completed` adds the fields without a
            column to rows, `check` raises for rows with values of the wrong kind, and `means` returns the part of an
            item's content that stays the same if the database rewrites it. With `positions_are_given`, items are
            written at the global positions that they have; otherwise the database numbers them.
        sequenced_item_class: the namedtuple class of the items.
        sql: the database's SQL.
        store: the name of the store in messages.
    """

    def __init__(
        self, active_record_class: type[Any], sequenced_item_class: type[Item], sql: DatabaseSQL, store: str
    ) -> None:
        table: Table = active_record_class.__table__
        self._active_record_class = active_record_class
        self._store = store
        self.table = table
        self.item_class = sequenced_item_class
        self._sql = sql
        self._mark = sql.mark
        dialect = self._dialect = sql.dialect
        self.names = SequencedItemFieldNames(sequenced_item_class)
        self._completed: Callable[[Rows], Rows] | None = getattr(active_record_class, "completed", None)
        self._check: Callable[[Rows], None] | None = getattr(active_record_class, "check", None)
        self._means: Callable[[tuple[Any, ...]], Any] | None = getattr(active_record_class, "means", None)
        self._names_table: Table | None = getattr(active_record_class, "__names__", None)
        self._names = None if self._names_table is None else dialect.identifier_preparer.format_table(self._names_table)
        there = [name for name in self.names.all if name in table.columns]
        self._selected: list[Column[Any]] = [table.columns[name] for name in there]
        self._filled = [column for column in table.columns if column.default is not None]
        self.positions_are_given: bool = getattr(active_record_class, "positions_are_given", False)
        given = [table.columns[name] for name in there if self.positions_are_given or name != GLOBAL_POSITION]
        # Columns that another library's database fills in are never written.
        is_others = writing_of(table) is not None
        self._written = [column for column in given if not (is_others and column.server_default is not None)]
        self._written += [column for column in self._filled if column.key not in self.names.all]
        self._indexes = [
            self.names.all.index(column.key) if column.key in self.names.all else None for column in self._written
        ]
        self._binds = [_bind_processor(column, dialect) for column in self._written]
        self._rules = [
            (index, self.names.all[index], rule_of(column, index))
            for column, index in zip(self._written, self._indexes, strict=True)
            if index is not None
        ]
        # The values that a user-defined type returns must be ones that its column accepts.
        self._rules_when_bound = [
            (index, self.names.all[index], rule_of_type(column.type.impl_instance), bind)
            for (index, _, rule), column, bind in zip(self._rules, self._written, self._binds, strict=False)
            if rule.fits is ANYTHING.fits and isinstance(column.type, TypeDecorator) and bind
        ]
        self._place_rules = [rule_of(column) for column in self._selected[:2]]
        self._columns = _Columns(
            tuple(column.name for column in self._selected),
            # The record class has its own check of classes, or the columns tell.
            tuple(frozenset() if self._check else _classes(column, sql) for column in self._selected),
            tuple(_result_processor(column, dialect) for column in self._selected),
        )
        recorded = {GLOBAL_POSITION, RECORDED_AT, *(column.key for column in self._filled)}
        # The content of an item: all that says neither when nor at which global position it was recorded.
        contents = [name for name in self.names.all if name not in recorded]
        self.content = itemgetter(*map(self.names.all.index, contents))
        in_content = [there.index(name) for name in contents if name in there]
        self._content_columns = self._columns.some(in_content)
        self._content_selected = [self._selected[index] for index in in_content]
        self._missing_in_content = len(contents) - len(in_content)
        # How many fields of a content come before those whose columns tables have since a later version.
        self._plain_width = sum(not is_added(column) for column in self._content_selected)
        # The index in the content of what is compared only if both items have it.
        self._compared_if_known = contents.index(EVENT_ID) if EVENT_ID in contents else None
        self._event_id_at = self.names.all.index(EVENT_ID) if EVENT_ID in self.names.all else None
        self.item: Callable[[Iterable[Any]], Item] = sequenced_item_class._make  # type: ignore[attr-defined]
        # The index of the global position in the rows of a page; it is the last if the items have no such field.
        self.position_in_page = there.index(GLOBAL_POSITION) if GLOBAL_POSITION in there else -1
        self._without_position = [index for index, name in enumerate(there) if name != GLOBAL_POSITION]
        self._columns_without_position = self._columns.some(self._without_position)
        self._global_position = self._name(table.columns[GLOBAL_POSITION])
        self.appending = self._append_statements(self._written)
        # The same for rows that have nothing in the columns that tables have since a later version. Most journals have
        # only such rows, and an import that writes these columns too takes a third longer.
        self.appending_plainly = self._append_statements([each for each in self._written if not is_added(each)])
        self._cache: dict[Any, str] = {}

    def with_names(self) -> Statements[Item]:
        """Return the statements that also read the names of sequences; these statements, if the table has no names."""
        named = getattr(self._active_record_class, "__named__", None)
        return self if named is None else Statements(named, self.item_class, self._sql, self._store)

    def rows(self, items: Sequence[Item]) -> list[Row]:
        """Return the rows of items, in the driver's form.

        Raises:
            InvalidData: a field has a value that its column does not accept.
        """
        if len(items) == 1:
            return [self._row(items[0])]
        return self.rows_of_columns(self._checked(items))

    def _row(self, item: Item) -> Row:
        """Return the row of one item; making it of columns, as those of many, would take twice as long."""
        fields = list(item)
        for index, name, rule in self._rules:
            fields[index] = rule.value(name, fields[index])
        for index, name, rule, bound in self._rules_when_bound:
            if fields[index] is not None:
                rule.value(name, bound(fields[index]))
        row = []
        for column, field, bind in zip(self._written, self._indexes, self._binds, strict=True):
            value = None if field is None else fields[field]
            if value is None and column.default is not None:
                value = _default(column)
            row.append(bind(value) if bind else value)
        return tuple(row)

    def canonical(self, items: Sequence[Item]) -> list[Item]:
        """Return items with their fields as they will be read back: an id in lower case, a time as a float.

        Raises:
            InvalidData: a field has a value that its column does not accept.
        """
        return list(map(self.item, zip(*self._checked(items), strict=True)))

    def _checked(self, items: Sequence[Item]) -> list[Sequence[Any]]:
        columns: list[Sequence[Any]] = list(zip(*items, strict=True))
        for index, name, rule in self._rules:
            columns[index] = rule.values(name, columns[index])
        for index, name, rule, bind in self._rules_when_bound:
            rule.values(name, [bind(value) for value in columns[index] if value is not None])
        return columns

    def is_plain(self, given: Sequence[Sequence[Any]]) -> bool:
        """Say whether items, given as one column for each field, can be written by `appending_plainly`."""
        return all(
            given[index].count(None) == len(given[index])
            for column, index in zip(self._written, self._indexes, strict=True)
            if index is not None and is_added(column)
        )

    def rows_of_columns(self, given: Sequence[Sequence[Any]], *, plain: bool = False) -> list[Row]:
        """Return the rows of items, given as one column for each field; fields at the end may be left out.

        The values are not checked, because they were checked when they were read. With `plain`, the rows are those that
        `appending_plainly` writes.

        Whole columns are converted, ids once for each run of equal ones and a default once for all. For 1,000 stored
        events of one sequence that takes 0.4 ms, and 2.9 ms if each field of each item is converted.
        """
        columns: list[Iterable[Any]] = []
        for column, index, bind in zip(self._written, self._indexes, self._binds, strict=True):
            if plain and is_added(column):
                continue
            values: Iterable[Any] = repeat(None, len(given[0])) if index is None else given[index]
            if column.default is not None:
                values = _filled(values, _default(column), bind)
            elif index == 0 and bind:
                values = _bound_in_runs(values, bind)
            elif bind:
                values = map(bind, values)
            columns.append(values)
        return list(zip(*columns, strict=True))

    def items(self, rows: Rows) -> list[Item]:
        """Return the items of rows."""
        return list(map(self.item, self._fields(rows)))

    def page_values(self, rows: Rows, *, checked: bool = True) -> Rows:
        """Return the fields of items from the rows of a page.

        Args:
            rows: the rows.
            checked: whether to check the classes of the values.

        Raises:
            StoreDamaged: a value of a table of this package is of another class.
        """
        return self._fields(rows if GLOBAL_POSITION in self.names.all else [row[:-1] for row in rows], checked)

    def place_values(self, rows: Rows) -> Rows:
        """Return the fields of items without their global positions, from the rows of `by_place`."""
        return self._finished(self._values(rows, self._columns_without_position))

    def contents(self, rows: Rows, *, plain: bool = False) -> Rows:
        """Return the contents of items from the rows of `content_page`, plain ones as `plain_content` has them."""
        columns = self._content_columns.some(range(self._plain_width)) if plain else self._content_columns
        values = self._values(rows, columns)
        if plain or not self._missing_in_content:
            return values
        # The fields that a table of an earlier version or of another library lacks come last.
        return [(*row, *[None] * self._missing_in_content) for row in values]

    def plain_content(self, columns: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Return the columns of contents without those that tables have since a later version."""
        content: Sequence[Sequence[Any]] = self.content(columns)
        return content[: self._plain_width]

    def _fields(self, rows: Rows, checked: bool = True) -> Rows:
        return self._finished(self._values(rows, self._columns, checked), checked)

    def _finished(self, values: Rows, checked: bool = True) -> Rows:
        if self._check and checked:
            self._check(values)
        return self._completed(values) if self._completed else values

    def _values(self, rows: Sequence[Any], columns: _Columns, checked: bool = True) -> Rows:
        if not rows:
            return rows
        if checked and (found := misfit(rows, columns.names, columns.classes)) is not None:
            row, what = found
            raise StoreDamaged(self._store, f"{what}, at {columns.place_of(row)}")
        if not any(columns.results):
            return rows
        fields = [
            map(result, values) if result else values
            for result, values in zip(columns.results, zip(*rows, strict=True), strict=True)
        ]
        try:
            return list(zip(*fields, strict=True))
        except InvalidData:
            row, what = next(columns.unreadable(rows))
            raise StoreDamaged(self._store, f"{what}, at {columns.place_of(row)}") from None

    def bound_place(self, sequence_id: Any, *positions: Any) -> list[Any]:
        """Return a sequence's id and positions in it, in the driver's form."""
        to_id, to_position = self._binds[:2]
        bound = [to_id(sequence_id) if to_id else sequence_id]
        return bound + [to_position(position) if to_position else position for position in positions]

    def checked_place(self, sequence_id: Any, *positions: Any) -> list[Any]:
        """Return a sequence's id and positions in it, in the driver's form, after checking them.

        Raises:
            InvalidData: one of them cannot be stored.
        """
        id_rule, position_rule = self._place_rules
        checked_id = id_rule.value(self.names.sequence_id, sequence_id)
        return self.bound_place(checked_id, *(position_rule.value(self.names.position, given) for given in positions))

    def position(self, stored: Any) -> Any:
        """Return a position from the driver's form.

        Raises:
            StoreDamaged: it is of another class, and so the last one of its sequence in the order of SQLite.
        """
        last = self._columns.some([1])
        if stored is not None and (found := misfit([(stored,)], last.names, last.classes)) is not None:
            raise StoreDamaged(self._store, found[1])
        process = self._columns.results[1]
        return process(stored) if process and stored is not None else stored

    def event_id(self, item: Item) -> Any:
        """Return the event id of an item, None if it has none."""
        return None if self._event_id_at is None else item[self._event_id_at]

    def place(self, item: Item) -> tuple[Any, ...]:
        """Return the place of an item in the driver's form; only one item can be stored there."""
        return tuple(self.bound_place(*item[:2]))

    def same_content(self, one: Item, other: Item) -> bool:
        """Say whether two items are equal, apart from `recorded_at` and the global position."""
        return self.equal_contents(self.content(one), self.content(other))

    def equal_contents(self, one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
        """Say whether two contents are equal, or mean the same if the database rewrites them."""
        if one == other:
            return True
        at = self._compared_if_known
        # A plain content ends before it.
        if at is not None and at < len(one) and None in (one[at], other[at]):
            one, other = ((*content[:at], None, *content[at + 1 :]) for content in (one, other))
        return one == other or (self._means is not None and self._means(one) == self._means(other))

    def items_of_sequence(self, bounds: tuple[str, ...], ascending: bool) -> str:
        """Return a select by a sequence's id, a value for each bound, and a limit.

        Args:
            bounds: names of comparisons: gt, gte, lt or lte.
            ascending: the order of the positions.
        """
        key = ("sequence", bounds, ascending)
        return self._cached(key, lambda: self._select_of_sequence(bounds, ascending), limited=True)

    def _select_of_sequence(self, bounds: tuple[str, ...], ascending: bool) -> Any:
        sequence_id, position = self._selected[:2]
        statement = select(*self._selected).where(self._holds(sequence_id, "="))
        for bound in bounds:
            statement = statement.where(self._holds(position, _COMPARISONS[bound]))
        return statement.order_by(position if ascending else position.desc())

    def page(self, conditions: Conditions = EVERYTHING, *, ascending: bool = True) -> tuple[str, list[Any]]:
        """Return a select in global order, and the values of its conditions.

        Its parameters are the global positions to begin after and to end with, those values, and a limit.

        Args:
            conditions: the conditions that items must meet.
            ascending: the order of the global positions.
        """
        # The global position comes last if the items have no such field.
        added = [] if GLOBAL_POSITION in self.names.all else [self.table.columns[GLOBAL_POSITION]]
        selected = self._cached("page", lambda: select(*self._selected, *added))
        mark = self._sql.typed_mark(self.table.columns[GLOBAL_POSITION])
        where = [f"{self._global_position} > {mark}", f"{self._global_position} <= {mark}"]
        values: list[Any] = []
        for fragment, given in fragments(conditions, self._condition_names(), self._sql.json_fragment):
            where.append(fragment)
            values += given
        order = self._global_position if ascending else f"{self._global_position} DESC"
        return f"{selected} WHERE {' AND '.join(where)} ORDER BY {order} LIMIT {self._mark}", values

    @property
    def reads_columns(self) -> bool:
        """Whether columns can be read without the others: not if the record class completes or checks whole rows."""
        return self._completed is None and self._check is None

    def page_of_columns(self, names: Sequence[str]) -> str:
        """Return a select of columns in global order, as `page` does without conditions; the global position is last.

        Args:
            names: the names of the columns.
        """
        columns = [self._selected[self._columns.names.index(name)] for name in names]
        position = self.table.columns[GLOBAL_POSITION]
        selected = self._cached(("page", *names), lambda: select(*columns, position))
        mark = self._sql.typed_mark(position)
        return (
            f"{selected} WHERE {self._global_position} > {mark} AND {self._global_position} <= {mark} "
            f"ORDER BY {self._global_position} LIMIT {self._mark}"
        )

    def column_values(self, rows: Rows, names: Sequence[str]) -> Rows:
        """Return the fields of items from the rows of `page_of_columns`, with the global position last.

        Raises:
            StoreDamaged: a value is of another class.
        """
        indexes = [self._columns.names.index(name) for name in (*names, GLOBAL_POSITION)]
        return self._values(rows, self._columns.some(indexes))

    def _condition_names(self) -> Names:
        sequence_id, _, topic, data = self._selected[:4]
        metadata = self.table.columns.get(METADATA)
        return Names(
            sequence_id=self._sql.compared(sequence_id),
            named=None if self._names is None else f"SELECT originator_id FROM {self._names}",
            topic=self._sql.compared(topic),
            data=self._name(data),
            metadata=None if metadata is None else self._name(metadata),
            id_mark=self._sql.typed_mark(sequence_id),
            mark=self._sql.typed_mark(topic),
        )

    def positions_between(self) -> str:
        """Return a select of the first and the last global position of items recorded between two times."""
        table = self._dialect.identifier_preparer.format_table(self.table)
        mark = self._sql.typed_mark(self.table.columns[RECORDED_AT])
        # Adding 0 keeps the database from scanning the index of positions from the journal's beginning.
        position = f"{self._global_position} + 0"
        return (
            f"SELECT min({position}), max({position}) FROM {table} "
            f"WHERE {RECORDED_AT} >= {mark} AND {RECORDED_AT} <= {mark}"
        )

    def first_and_last(self) -> str:
        """Return a select of the first and the last global position, each 0 in an empty table, and `any_names`."""
        table = self._dialect.identifier_preparer.format_table(self.table)
        first, last = (f"(SELECT coalesce({end}({self._global_position}), 0) FROM {table})" for end in ("min", "max"))
        return f"SELECT {first}, {last}, {self.any_names()}"

    def any_names(self) -> str:
        """Return an expression that says whether a sequence has a name."""
        return "false" if self._names is None else f"EXISTS (SELECT 1 FROM {self._names})"

    def names_of(self) -> str | None:
        """Return the statement for `Session.rows_at` that reads ids and names by ids; None if sequences have none."""
        if self._names_table is None:
            return None
        sequence_id, name = self._names_table.columns
        everywhere = str(select(sequence_id, name).compile(dialect=self._dialect))
        one = f"{everywhere} WHERE {self._sql.compared(sequence_id)} = {self._sql.typed_mark(sequence_id)}"
        return self._sql.rows_at(one, everywhere, self._names_table, [sequence_id])

    def count_until(self) -> str:
        """Return a select of the number of items up to a global position, its parameter.

        Counting all items reads the smallest index. For 336,776 events that takes SQLite 4 ms, and counting up to a
        position 45 ms, so the items after it are subtracted.
        """
        table = self._dialect.identifier_preparer.format_table(self.table)
        after = f"(SELECT count(*) FROM {table} WHERE {self._global_position} > {self._mark})"
        return f"SELECT (SELECT count(*) FROM {table}) - {after}"

    def count_between(self) -> str:
        """Return a select of the number of items after a global position, up to another one, its parameters."""
        table = self._dialect.identifier_preparer.format_table(self.table)
        position = self._global_position
        return f"SELECT count(*) FROM {table} WHERE {position} > {self._mark} AND {position} <= {self._mark}"

    def by_place(self, bounds: tuple[str, ...] = ()) -> str:
        """Return a select of all items up to a global position, ordered by sequence and position.

        Its parameters are that global position, and a sequence's id for each bound.

        Args:
            bounds: names of comparisons of the id: gt, gte, lt or lte.
        """
        return self._cached(("place", bounds), lambda: self._select_by_place(bounds))

    def _select_by_place(self, bounds: tuple[str, ...]) -> Any:
        sequence_id = self._selected[0]
        statement = select(*(self._selected[index] for index in self._without_position))
        # Adding 0 keeps the database from using the index of positions, which has another order.
        statement = statement.where(self.table.columns[GLOBAL_POSITION] + literal_column("0") <= bindparam("until"))
        for bound in bounds:
            statement = statement.where(self._holds(sequence_id, _COMPARISONS[bound]))
        return statement.order_by(*self._selected[:2])

    def metadata_between(self) -> str | None:
        """Return a select that says whether an item has metadata; its parameters are those of `content_page`.

        None if the table does not have metadata since a later version.
        """
        column = self.table.columns.get(METADATA)
        if column is None or not is_added(column):
            return None
        table = self._dialect.identifier_preparer.format_table(self.table)
        where = f"{self._global_position} > {self._mark} AND {self._global_position} <= {self._mark}"
        return f"SELECT EXISTS (SELECT 1 FROM {table} WHERE {where} AND {self._name(column)} IS NOT NULL)"

    def content_page(self, *, plain: bool = False) -> str:
        """Return a select of contents in global order, by global positions to begin after and to end with.

        Args:
            plain: leave out the columns that tables have since a later version.
        """
        global_position = self.table.columns[GLOBAL_POSITION]
        selected = self._content_selected[: self._plain_width] if plain else self._content_selected
        return self._cached(
            ("content", plain),
            lambda: (
                select(*selected)
                .where(global_position > bindparam("after"), global_position <= bindparam("until"))
                .order_by(global_position)
            ),
        )

    def id_after(self) -> str:
        """Return a select of the sequence id of the first item after a global position, its parameter."""
        selected = self._cached("id after", lambda: select(self._selected[0]))
        mark = self._sql.typed_mark(self.table.columns[GLOBAL_POSITION])
        return f"{selected} WHERE {self._global_position} > {mark} ORDER BY {self._global_position} LIMIT 1"

    def id_between(self, *, from_first: bool) -> str:
        """Return a select of the first sequence id between two ids, its parameters.

        Args:
            from_first: whether the first of the two counts.
        """
        sequence_id = self._selected[0]

        def build() -> Any:
            begin, end = self._holds(sequence_id, ">=" if from_first else ">"), self._holds(sequence_id, "<=")
            return select(sequence_id).where(begin, end).order_by(sequence_id)

        return f"{self._cached(('id', from_first), build)} LIMIT 1"

    def ids_between(self) -> str:
        """Return a select of the sequence ids between two ids, these included, that are like a text.

        Its parameters are the two ids and a pattern for LIKE.
        """
        sequence_id = self._selected[0]
        begin, end = self._holds(sequence_id, ">="), self._holds(sequence_id, "<=")
        like: Any = literal_column(f"CAST({self._name(sequence_id)} AS text) LIKE CAST({self._mark} AS text)")
        return self._cached("ids", lambda: select(sequence_id).where(begin, end, like).group_by(sequence_id))

    def id_of_row(self, row: tuple[Any, ...]) -> Any:
        """Return the sequence's id from a row of `id_after`, `id_between` or `ids_between`."""
        process = self._columns.results[0]
        return process(row[0]) if process else row[0]

    def item_at(self) -> str:
        """Return a select by a sequence's id and a position."""
        sequence_id, position = self._selected[:2]
        return self._cached(
            "item",
            lambda: select(*self._selected).where(self._holds(sequence_id, "="), self._holds(position, "=")),
        )

    def items_at(self) -> str:
        """Return the statement for `Session.rows_at`."""
        everywhere = self._cached("items", lambda: select(*self._selected))
        return self._sql.rows_at(self.item_at(), everywhere, self.table, self._selected[:2])

    def fields_in_use(self, names: Sequence[str]) -> str:
        """Return a select that says of each field whether an item has a value in it; NULL if it has no column."""
        table = self._dialect.identifier_preparer.format_table(self.table)
        columns = [self.table.columns.get(name) for name in names]
        return "SELECT " + ", ".join(
            "NULL" if column is None else f"EXISTS (SELECT 1 FROM {table} WHERE {self._name(column)} IS NOT NULL)"
            for column in columns
        )

    def items_with_event_ids(self) -> str | None:
        """Return the statement for `Session.rows_at` by event ids, None if items have none."""
        if EVENT_ID not in self.names.all or EVENT_ID not in self.table.columns:
            return None
        event_id = self.table.columns[EVENT_ID]
        one = self._cached(EVENT_ID, lambda: select(*self._selected).where(self._holds(event_id, "=")))
        everywhere = self._cached("items", lambda: select(*self._selected))
        return self._sql.rows_at(one, everywhere, self.table, [event_id])

    def item_at_global_position(self) -> str:
        """Return a select by a global position."""
        global_position = self.table.columns[GLOBAL_POSITION]
        return self._cached(
            "global position",
            lambda: select(*self._selected).where(global_position == bindparam(GLOBAL_POSITION)),
        )

    def last_positions(self) -> str:
        """Return the statement for `Session.last_positions`."""
        return self._sql.last_positions(self.table, self._selected[:2])

    def _holds(self, column: Column[Any], operator: str) -> Any:
        """Return the comparison of a column with a parameter."""
        return literal_column(f"{self._sql.compared(column)} {operator} {self._sql.typed_mark(column)}")

    def _name(self, column: Column[Any]) -> str:
        return self._dialect.identifier_preparer.quote(column.name)

    def _cached(self, key: Any, build: Callable[[], Any], *, limited: bool = False) -> str:
        if key not in self._cache:
            # SQLAlchemy would add an OFFSET, with a parameter of its own, on SQLite only.
            limit = f" LIMIT {self._mark}" if limited else ""
            self._cache[key] = build().compile(dialect=self._dialect).string + limit
        return self._cache[key]

    def _append_statements(self, written: Sequence[Column[Any]]) -> AppendStatements:
        quote = self._dialect.identifier_preparer
        writing = writing_of(self.table) or Writing()
        table = quote.format_table(self.table)
        names = [quote.quote(column.name) for column in written]
        position = names[1]
        marks = [self._sql.typed_mark(column) for column in written]
        following = (
            f"(SELECT coalesce(max({position}) + 1, {writing.first_position}) FROM {table} "
            f"WHERE {self._sql.compared(written[0])} = {self._sql.typed_mark(written[0])})"
        )
        # A column with a default gets the next global position from the database too.
        numbered = not self._sql.assigns_positions and self.table.columns[GLOBAL_POSITION].server_default is None
        copied = [self._global_position, *names] if numbered else names
        returning = f" RETURNING {self._global_position}" if numbered else ""
        last_global_position = f"SELECT coalesce(max({self._global_position}), 0) FROM {table}"
        return AppendStatements(
            table=self.table,
            insert=writing.insert or self._insert(table, names, marks, numbered) + returning,
            insert_many=self._insert(table, names, marks, numbered)
            + f", ({', '.join(marks)})" * (ROWS_OF_AN_INSERT - 1),
            insert_next=writing.insert_next
            or self._insert(table, names, [marks[0], following, *marks[2:]], numbered) + returning,
            last_global_position=last_global_position,
            last_written=writing.last_written or last_global_position,
            copy=None if writing.insert else f"COPY {table} ({', '.join(copied)}) FROM STDIN",
            numbered=numbered,
            insert_name=self._insert_name(),
        )

    def _insert_name(self) -> str | None:
        if self._names_table is None:
            return None
        marks = ", ".join(map(self._sql.typed_mark, self._names_table.columns))
        return (
            f"INSERT INTO {self._names} (originator_id, name) VALUES ({marks}) ON CONFLICT (originator_id) DO NOTHING"
        )

    def _insert(self, table: str, names: list[str], values: list[str], numbered: bool) -> str:
        if numbered:
            # In PostgreSQL a statement sees the rows of the statements before it, so positions count up. Citus takes no
            # subquery among VALUES.
            position = self._global_position
            given = ", ".join([f"coalesce(max({position}), 0) + 1", *values])
            return f"INSERT INTO {table} ({', '.join([position, *names])}) SELECT {given} FROM {table}"
        return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(values)})"


def is_added(column: Column[Any]) -> bool:
    """Say whether tables have a column only since a later schema version; a row need not have a value in it."""
    return SINCE in column.info


_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def _bind_processor(column: Column[Any], dialect: Dialect) -> Process:
    if isinstance(column.type, LargeBinary):
        # Drivers take bytes; the objects that SQLAlchemy would make of them are never equal.
        return None
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def _classes(column: Column[Any], sql: DatabaseSQL) -> Classes:
    if (stored := sql.stored_class(column)) is None:
        return frozenset()
    return frozenset({stored, type(None)} if column.nullable else {stored})


def _result_processor(column: Column[Any], dialect: Dialect) -> Process:
    if isinstance(column.type, Float | Timestamp):
        # Drivers return floats; SQLAlchemy would look at the cursor, which does not exist yet.
        return None
    return column.type.dialect_impl(dialect).result_processor(dialect, None)


def _bound_in_runs(values: Iterable[Any], bind: Callable[[Any], Any]) -> Iterator[Any]:
    last = bound = object()
    for value in values:
        if value is not last:
            last, bound = value, bind(value)
        yield bound


def _filled(values: Iterable[Any], default: Any, bind: Process) -> list[Any]:
    if bind is None:
        return [default if value is None else value for value in values]
    bound = bind(default)
    return [bound if value is None else bind(value) for value in values]


def _default(column: Column[Any]) -> Any:
    default: Any = column.default
    return default.arg(None) if default.is_callable else default.arg
