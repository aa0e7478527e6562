"""The rules against an oracle that was written from the text alone."""

from hypothesis import given, settings
from kit.small import Small, worlds


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_rules_answer_as_the_oracle(small: Small):
    """In every small world every question gets the verdict that the text gives it."""
    got = small.verdicts()

    assert got == small.expected()
