"""The database queries of list, stats, info and verify."""
