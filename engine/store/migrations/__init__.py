"""The history of the database. REVISIONS names it without importing Alembic, so that opening is quick."""

REVISIONS = ("0001", "0002")
"""Oldest first; a test holds it against the files in `versions`."""
HEAD = REVISIONS[-1]
