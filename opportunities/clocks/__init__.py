"""The arithmetic of deadlines: which hours count, what is left, what a change does. Reads rows, writes none."""
