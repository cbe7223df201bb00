"""Losses, batches, schedules and the loop that trains heads; `joint` is the recipe of the text–audio space."""
