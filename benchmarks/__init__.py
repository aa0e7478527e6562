"""Benchmarks that a stranger can run; never part of the tests."""
