"""The API recipe: errors, fields, filters, pages, parsers and the description, the same for every app."""
