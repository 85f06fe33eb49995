"""Stages, desks, calendars and holidays over the API, with previews and recalculations."""
