"""What administrators set up: stages, desks, calendars, with a preview of the clocks that move."""
