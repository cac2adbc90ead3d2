"""message-db's function write_message: how it is called, and the error that it raises."""

from __future__ import annotations

# The parameters are in the order of the columns: stream, position, type, data. The expected version is the position
# before the new one. The casts are to the function's own types; without them, another role's function of that name with
# other types could be called.
INSERT = (
    "SELECT write_message(id => CAST(pg_catalog.gen_random_uuid() AS varchar), stream_name => CAST(%s AS varchar), "
    'expected_version => CAST(%s AS bigint) - 1, "type" => CAST(%s AS varchar), data => CAST(%s AS jsonb))'
)
INSERT_NEXT = (
    "SELECT write_message(id => CAST(pg_catalog.gen_random_uuid() AS varchar), "
    "stream_name => coalesce(CAST(%s AS varchar), CAST(%s AS varchar)), "
    '"type" => CAST(%s AS varchar), data => CAST(%s AS jsonb))'
)
# The beginning of its error if a stream is not at the expected version.
WRONG_VERSION = "Wrong expected version"


def explained(message: str) -> str:
    """Return what such an error means.

    Args:
        message: the text of the error.
    """
    return f"the event does not follow the last one of its sequence: {message}"
