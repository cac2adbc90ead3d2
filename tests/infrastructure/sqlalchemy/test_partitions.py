"""What docs/operations.md says of partitions."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg import errors

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"


def test_partitions_by_position_cannot_keep_places_unique(postgres_server: str) -> None:
    with psycopg.connect(postgres_server) as connection, pytest.raises(errors.FeatureNotSupported) as refused:
        connection.execute(
            "CREATE TABLE parts (global_position bigint, originator_id uuid, originator_version bigint, "
            "PRIMARY KEY (originator_id, originator_version)) PARTITION BY RANGE (global_position)"
        )
    assert str(refused.value.diag.message_primary) in " ".join(PAGE.read_text().split())
