"""The editor, the panels beside it, the lists that open over it, and the status line."""
