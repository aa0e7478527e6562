"""The client's table names the same counties as the service's."""

import csv
from importlib.resources import files

from placement_client.counties import county_name

SERVICE = files("placement.domain") / "data" / "municipalities.csv"
OWN = files("placement_client") / "data" / "counties.csv"


def test_the_table_is_the_services():
    """Codes and names agree, and there are 21."""
    rows = csv.DictReader(SERVICE.read_text("utf-8").splitlines())
    named = sorted({(row["county_code"], row["county_name"]) for row in rows})
    own = csv.DictReader(OWN.read_text("utf-8").splitlines())

    assert len(named) == 21
    assert [(row["code"], row["name"]) for row in own] == named
    assert [county_name(code) for code, _ in named] == [name for _, name in named]


def test_a_municipality_begins_with_its_county():
    """The first two digits of a code name the county."""
    rows = csv.DictReader(SERVICE.read_text("utf-8").splitlines())

    assert [row["code"] for row in rows if row["code"][:2] != row["county_code"]] == []


def test_an_unknown_code_is_its_own_name():
    """What the table does not know is shown as it is."""
    assert county_name("99") == "99"
