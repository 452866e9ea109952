"""Alembic environment and numbered schema versions; run by `library.upgrade` only."""
