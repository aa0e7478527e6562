"""A case number has one form; what may be a national number is none."""

import pytest

from placement.errors import InvalidInputError
from placement.reference import require_reference

FORM = "must be a case number such as SN 2026/1234, with at most 4 letters"
NATIONAL = "must not hold a national number"


@pytest.mark.parametrize(
    "text",
    ["1", "SN 1", "SN 2026/1234-56", "ÄO-1.1:2", "SN2026/1", "900141-9802"],
)
def test_a_case_number_passes(text):
    """Up to four letters and three runs of digits; no day is the 41st."""
    require_reference(text)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("", FORM),
        ("SN 1\n", FORM),
        ("Anna 1", FORM),
        ("1234567", FORM),
        ("19900101-9802", FORM),
        ("900101-9802", NATIONAL),
        ("SN 900161/9802", NATIONAL),
        ("90 0101 9802", NATIONAL),
    ],
)
def test_anything_else_is_refused_without_repeating_it(text, phrase):
    """The field and a constant phrase."""
    with pytest.raises(InvalidInputError) as caught:
        require_reference(text)

    assert (caught.value.field, caught.value.description) == ("reference", phrase)


def test_the_field_is_whose_number_it_is():
    """An auditor's own number, or one that is looked for, goes by its own name."""
    with pytest.raises(InvalidInputError) as caught:
        require_reference("Anna 1", "ground.matter")

    assert (caught.value.field, caught.value.description) == ("ground.matter", FORM)
