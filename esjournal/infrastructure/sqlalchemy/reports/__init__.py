"""What list, stats, info and verify ask a database."""
