"""What somebody might take instead of our rules: each answers the same question."""
