"""Kills a real server at random points under load, and counts what was lost."""
