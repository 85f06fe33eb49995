"""Promoters with their quotas, absences, lots and radar."""
