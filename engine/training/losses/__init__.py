"""Losses for embeddings, one a file."""
