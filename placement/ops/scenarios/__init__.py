"""Scenarios: facts, questions and verdicts that police and social services can read."""
