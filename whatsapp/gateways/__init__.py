"""One module per gateway behind the seam of `base`; `registry.open_gateway` picks it."""
