"""Folders of Markdown files: importing them into a vault, and exporting a vault as one."""
