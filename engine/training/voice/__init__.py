"""`train voice`: statistics of strangers, for the back-ends that need them."""
