"""The one door to an opportunity's state: lock, then change; history and availability come with it."""
