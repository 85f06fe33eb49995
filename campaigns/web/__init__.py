"""The promoters' pages: their campaigns on a phone."""
