"""The lists of opportunities and the pages of one: all, inbox, pool, client."""
