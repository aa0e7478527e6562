"""Does the time of an answer tell what it says? Measured as dudect does."""
