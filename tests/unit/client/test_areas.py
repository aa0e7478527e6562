"""The client's table names the same municipalities as the service's."""

import csv
from importlib.resources import files

import pytest
from placement_client.areas import areas

from placement.errors import InvalidInputError

SERVICE = files("placement.domain") / "data" / "municipalities.csv"


def test_the_table_is_the_services():
    """Codes and names agree, row by row."""
    rows = csv.DictReader(SERVICE.read_text("utf-8").splitlines())

    assert list(areas()) == [(row["code"], row["name"]) for row in rows]


def test_every_area_is_found_by_code_and_name():
    """No two names are one when case, spaces and hyphens do not matter."""
    for code, name in areas():
        found = [
            areas().find(each, field="area") for each in (code, name, name.upper())
        ]

        assert found == [code] * 3
        assert areas().name(code) == name


@pytest.mark.parametrize(
    "text",
    ["", "180", "0180 ", "0199", "00", "1480x", "Stock", "Gothenburg"],
)
def test_what_names_no_municipality_is_refused(text):
    """A part of a name, a spelling of a code: nothing is guessed."""
    with pytest.raises(InvalidInputError) as caught:
        areas().find(text, field="candidates[0].area")

    assert caught.value.field == "candidates[0].area"


def test_near_names_are_suggested():
    """A typing error finds its municipality."""
    assert areas().like("Gotebrg")[0] == "Göteborg"
    assert areas().like("stock") == ("Stockholm",)
    assert areas().like("qqqq") == ()
    assert areas().like("180") == ("0180",)


def test_an_unknown_code_is_its_own_name():
    """What the table does not know is shown as it is."""
    assert areas().name("9999") == "9999"
