"""Phone numbers as people write them, read into E.164."""
