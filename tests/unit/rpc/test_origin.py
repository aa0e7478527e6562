"""Whose request it is, and what is drawn for it."""

from placement.crypto import drawn
from placement.rpc.forms import TOKEN_SIZE
from placement.rpc.origin import fresh


def test_a_machine_that_was_put_back_draws_other_ids():
    """None of them comes from a page that a copy of the memory has, too."""
    drawn.draw(16)
    page = bytes(drawn._page)
    first = fresh()
    drawn._page[:] = page
    second = fresh()

    assert len(first) == len(second) == TOKEN_SIZE
    assert first != second
    assert bytes(drawn._page) == page
