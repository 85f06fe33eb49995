"""Read models: what pages and API show, without a write and without a word of HTML."""
