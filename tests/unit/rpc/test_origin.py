"""Whose request it is, and what is drawn for it."""

import pytest

from placement.crypto import drawn
from placement.rpc.forms import TOKEN_SIZE
from placement.rpc.origin import fresh, several


@pytest.mark.parametrize("fresh", [fresh, lambda: several(2)[1]], ids=["one", "many"])
def test_a_machine_that_was_put_back_draws_other_ids(fresh):
    """None of them comes from a page that a copy of the memory has, too."""
    drawn.draw(16)
    page = bytes(drawn._page)
    first = fresh()
    drawn._page[:] = page
    second = fresh()

    assert len(first) == len(second) == TOKEN_SIZE
    assert first != second
    assert bytes(drawn._page) == page


def test_several_ids_are_as_many_and_differ():
    """Drawn at once, they are cut where one ends."""
    found = several(5)

    assert {len(each) for each in found} == {TOKEN_SIZE}
    assert len(set(found)) == len(found) == 5
    assert several(0) == ()
