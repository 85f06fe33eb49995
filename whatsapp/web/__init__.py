"""Mi WhatsApp: the pages of those who hold a line."""
