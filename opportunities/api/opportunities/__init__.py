"""Opportunities over the API: lists, verbs, bulk actions."""
