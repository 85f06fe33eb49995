"""The way through the funnel: stages and their rules, moves, sales."""
