"""When people work: opening hours, holidays, and the arithmetic of operating time."""
