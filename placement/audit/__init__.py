"""What happened, as entries that prove themselves: bytes, later tree and witnesses."""
