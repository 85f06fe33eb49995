"""The promoters' pages: their day, their work, their requests, on a phone."""
