"""The database; the only home of SQL."""
