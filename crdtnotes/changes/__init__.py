"""Changes and messages as they are stored and sent: to bytes and back, with all limits in one place."""
