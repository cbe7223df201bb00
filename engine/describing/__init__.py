"""What a text–audio space is for: labels, captions, names."""
