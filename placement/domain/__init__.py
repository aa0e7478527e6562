"""The whole meaning of the service; pure: no clock, no I/O, no keys, no wire."""
