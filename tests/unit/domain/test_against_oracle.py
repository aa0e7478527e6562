"""The rules against an oracle that was written from the text alone."""

from hypothesis import given
from kit.often import often
from kit.small import Small, worlds


@often(150)
@given(worlds())
def test_rules_answer_as_the_oracle(small: Small):
    """In every small world every question gets the verdict that the text gives it."""
    got = small.verdicts()

    assert got == small.expected()
