"""What time does to opportunities: expiry, extensions, and deadlines recalculated when hours change."""
