"""Promoters, lots, ledgers, absences and captures over the API."""
