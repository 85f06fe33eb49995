"""A desk at work, for the demonstration: hours, funnel, clients, lots with running clocks, an inbox to decide."""
