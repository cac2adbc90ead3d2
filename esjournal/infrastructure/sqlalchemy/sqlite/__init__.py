"""What only SQLite needs: its sessions, the files of a database, indexes that are built last, its own check."""
