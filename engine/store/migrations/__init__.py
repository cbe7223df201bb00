"""The history of the database. REVISIONS names it without importing Alembic, so that opening is quick."""

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""Oldest first; a test holds it against the files in `versions`."""
HEAD = REVISIONS[-1]
