"""message-db's function write_message: how it is called, and the error that it raises."""

from __future__ import annotations

# The parameters are in the order of the columns: stream, position, type, data, metadata and id. The expected version is
# the position before the new one. The casts are to the function's own types; without them, another role's function of
# that name with other types could be called.
_CONTENT = (
    '"type" => CAST(%s AS varchar), data => CAST(%s AS jsonb), metadata => CAST(%s AS jsonb), '
    "id => CAST(coalesce(CAST(%s AS uuid), pg_catalog.gen_random_uuid()) AS varchar)"
)
INSERT = (
    f"SELECT write_message(stream_name => CAST(%s AS varchar), expected_version => CAST(%s AS bigint) - 1, {_CONTENT})"
)
INSERT_NEXT = f"SELECT write_message(stream_name => coalesce(CAST(%s AS varchar), CAST(%s AS varchar)), {_CONTENT})"
# The beginning of its error if a stream is not at the expected version.
WRONG_VERSION = "Wrong expected version"


def explained(message: str) -> str:
    """Return what such an error means.

    Args:
        message: the text of the error.
    """
    return f"the event does not follow the last one of its sequence: {message}"
