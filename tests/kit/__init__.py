"""Builders that tests share; nothing here asserts."""
