"""Random worlds, with and without phantom stays."""
