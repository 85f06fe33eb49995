"""What supervisors do: decide exits, one or many, take it back, send people on leave."""
