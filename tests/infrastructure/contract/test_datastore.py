"""What a datastore does, on each database."""

import threading
from typing import Any
from uuid import UUID, uuid4

import pytest

from esjournal.exceptions import NotInitialised, SchemaTooNew, StoreError, StoreNotFound
from esjournal.infrastructure.sequenceditem import StoredEvent
from esjournal.infrastructure.sqlalchemy.activerecords import (
    IntegerSequencedItemRecord,
    SQLAlchemyActiveRecordStrategy,
    StoredEventRecord,
)
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings

Strategy = SQLAlchemyActiveRecordStrategy[StoredEvent]


@pytest.mark.parametrize("timeout", [-1, float("nan"), float("inf")])
def test_a_timeout_that_is_not_a_time_is_refused(timeout: float) -> None:
    with pytest.raises(ValueError, match=r"timeout is .*: give a number of seconds, 0 or more"):
        SQLAlchemySettings(timeout=timeout)


def test_every_step_of_setting_up_and_tearing_down_may_be_taken_twice(journal_url: str) -> None:
    datastore = SQLAlchemyDatastore(SQLAlchemySettings(uri=journal_url), tables=(StoredEventRecord,))
    datastore.setup_connection()
    session = datastore.session
    datastore.setup_connection()
    assert datastore.session is session
    assert datastore.setup_tables() is True
    assert datastore.setup_tables() is False
    datastore.drop_tables()
    datastore.drop_tables()
    datastore.close_connection()
    datastore.close_connection()


def test_a_session_that_was_not_set_up_is_an_error_that_says_what_to_call(journal_url: str) -> None:
    datastore = SQLAlchemyDatastore(SQLAlchemySettings(uri=journal_url), tables=(StoredEventRecord,))
    with pytest.raises(StoreError, match=r"is not connected: call setup_connection\(\) first"):
        _ = datastore.session
    with datastore:
        assert datastore.session
    with pytest.raises(StoreError, match="is not connected"):
        datastore.setup_tables()


def test_reading_and_appending_before_the_tables_are_there_says_what_to_run(journal_url: str) -> None:
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=journal_url), tables=(StoredEventRecord,)) as datastore:
        strategy = SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=StoredEventRecord, sequenced_item_class=StoredEvent
        )
        absent = (NotInitialised, StoreNotFound)
        with pytest.raises(absent, match="init"):
            datastore.identity()
        with pytest.raises(absent, match="init"):
            strategy.append(StoredEvent(uuid4(), 0, "a#B", "{}"))
        with pytest.raises(absent, match="init"):
            strategy.get_items(uuid4())
        with pytest.raises(absent, match="init"):
            list(strategy.all_items())


def test_dropped_tables_take_the_events_and_the_identity_with_them(
    datastore: SQLAlchemyDatastore, strategy: Strategy
) -> None:
    strategy.append(StoredEvent(uuid4(), 0, "a#B", "{}"))
    before = datastore.identity()
    datastore.drop_tables()
    with pytest.raises(NotInitialised):
        datastore.identity()
    assert datastore.setup_tables() is True
    assert datastore.identity() != before
    assert list(strategy.all_items()) == []
    assert strategy.append(StoredEvent(uuid4(), 0, "a#B", "{}")) == range(1, 2)


def test_a_datastore_drops_its_own_tables_and_leaves_the_journal_to_those_that_are_left(store_url: str) -> None:
    def datastore_of(*records: type[Any]) -> SQLAlchemyDatastore:
        return SQLAlchemyDatastore(SQLAlchemySettings(uri=store_url), tables=records)

    with datastore_of(StoredEventRecord) as first, datastore_of(IntegerSequencedItemRecord) as second:
        first.setup_tables()
        second.setup_tables()
        identity = first.identity()
        strategy = SQLAlchemyActiveRecordStrategy(
            session=first.session, active_record_class=StoredEventRecord, sequenced_item_class=StoredEvent
        )
        strategy.append(StoredEvent(uuid4(), 0, "a#B", "{}"))
        for _ in range(2):
            second.drop_tables()
            assert first.identity() == identity
            assert strategy.last_global_position() == 1
        with datastore_of() as without_tables:
            without_tables.drop_tables()
        assert first.identity() == identity
        assert second.setup_tables() is True
        first.drop_tables()
        assert second.identity() == identity
        with pytest.raises(NotInitialised):
            strategy.last_global_position()
        second.drop_tables()
        with pytest.raises(NotInitialised):
            second.identity()


def test_tables_of_others_stay_when_a_datastore_drops_its_own(store_url: str) -> None:
    both = (StoredEventRecord, IntegerSequencedItemRecord)
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=store_url), tables=both) as datastore:
        datastore.setup_tables()
        others = [datastore.session.table_name(name) for name in ("integer_sequenced_items", "orders")]
        with datastore.session.connection() as connection:
            connection.execute(f"DROP TABLE {others[0]}")
            for table in others:
                connection.execute(f"CREATE TABLE {table} (sequence_id text, position int)")
                connection.execute(f"INSERT INTO {table} VALUES ('kept', 1)")
        datastore.drop_tables()
        with datastore.session.connection() as connection:
            for table in others:
                assert connection.execute(f"SELECT * FROM {table}").fetchall() == [("kept", 1)]
        with pytest.raises(NotInitialised):
            datastore.identity()


def test_without_a_journal_no_table_is_dropped(store_url: str) -> None:
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=store_url), tables=(StoredEventRecord,)) as datastore:
        datastore.setup_tables()
        with datastore.session.connection() as connection:
            connection.execute(f"DROP TABLE {datastore.session.table_name('esjournal')}")
        datastore.drop_tables()
        with datastore.session.connection() as connection:
            table = datastore.session.table_name("stored_events")
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_a_journal_has_an_id_that_stays_and_a_schema_version(datastore: SQLAlchemyDatastore) -> None:
    identity = datastore.identity()
    assert str(UUID(identity.journal_id)) == identity.journal_id
    assert identity.schema_version == 2
    datastore.setup_tables()
    assert datastore.identity() == identity


def test_a_journal_of_a_later_esjournal_is_refused(datastore: SQLAlchemyDatastore) -> None:
    with datastore.session.connection() as connection:
        connection.execute(f"UPDATE {datastore.session.table_name('esjournal')} SET schema_version = 3")
    message = "schema version 3, and this esjournal knows versions up to 2: upgrade esjournal"
    with pytest.raises(SchemaTooNew, match=message):
        datastore.identity()
    with pytest.raises(SchemaTooNew, match=message):
        datastore.setup_tables()


def test_a_missing_table_is_added_to_a_journal_that_is_there(journal_url: str) -> None:
    with SQLAlchemyDatastore(SQLAlchemySettings(uri=journal_url)) as datastore:
        assert datastore.setup_tables() is True
        identity = datastore.identity()
        if journal_url.endswith(":memory:"):
            return
        with SQLAlchemyDatastore(SQLAlchemySettings(uri=journal_url), tables=(StoredEventRecord,)) as later:
            assert later.setup_tables() is True
            assert later.setup_tables() is False
            assert later.identity() == identity


def test_threads_may_append_and_read_at_the_same_time(strategy: Strategy) -> None:
    errors: list[BaseException] = []
    sequences = [uuid4() for _ in range(6)]

    def work(sequence_id: UUID) -> None:
        try:
            for version in range(15):
                strategy.append(StoredEvent(sequence_id, version, "a#B", "{}"))
                assert len(strategy.get_items(sequence_id)) == version + 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(sequence_id,)) for sequence_id in sequences]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(list(strategy.all_items())) == 90
    assert strategy.last_global_position() == 90


def test_a_reader_may_append_while_it_reads_everything(strategy: Strategy) -> None:
    strategy.append([StoredEvent(uuid4(), 0, "a#B", "{}") for _ in range(1_500)])
    seen = 0
    for _ in strategy.all_items():
        seen += 1
        if seen % 500 == 0:
            strategy.append(StoredEvent(uuid4(), 0, "a#B", "{}"))
    assert seen == 1_500


def test_setting_up_from_many_threads_makes_one_journal(store_url: str) -> None:
    made: list[bool] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with SQLAlchemyDatastore(SQLAlchemySettings(uri=store_url), tables=(StoredEventRecord,)) as datastore:
                made.append(datastore.setup_tables())
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(made) == [False] * 7 + [True]
