"""Imports of many rows, interrupted at random points and resumed."""
