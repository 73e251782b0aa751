"""Erasing text for good."""
