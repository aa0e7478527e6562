"""Backups, and what comes back of them on an empty machine."""
