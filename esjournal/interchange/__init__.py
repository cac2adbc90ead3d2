"""Events as bytes in files and pipes: NDJSON, CSV and Parquet, compressed or not. Imports no database."""
