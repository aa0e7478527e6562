"""Two rivals want one area at one instant, and exactly one of them gets it."""
