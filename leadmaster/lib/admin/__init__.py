"""The admin recipe: confirmation pages, list classes and widgets that every app builds on."""
