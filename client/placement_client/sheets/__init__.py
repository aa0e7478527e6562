"""Many facts in a sheet: read, compared with the registry, sent, and written back."""
