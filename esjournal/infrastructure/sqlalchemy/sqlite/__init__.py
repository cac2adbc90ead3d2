"""What only SQLite needs: sessions, the files of a database, postponed indexes, and its integrity check."""
