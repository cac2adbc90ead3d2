"""Events to bytes and back, in files and pipes: NDJSON, CSV, compressed or not. Knows no database."""
