"""The sender: campaigns, their audience, and the engine that puts them on the wire."""
