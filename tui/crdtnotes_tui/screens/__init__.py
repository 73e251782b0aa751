"""The main screen, and the screens that open above it."""
