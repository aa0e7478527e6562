"""A row says one fact, or every reason why it says none."""

from datetime import date
from hashlib import sha256

import pytest
from placement_client.sheets.cells import Odd, OddCell
from placement_client.sheets.columns import COLUMNS
from placement_client.sheets.mapping import ColumnMap
from placement_client.sheets.rows import Names, RowError, RowReader
from placement_client.sheets.said import in_order, row_of

from placement.errors import InvalidInputError

GROUPS = {name: sha256(name.encode()).digest()[:16] for name in ("A", "B", "=C")}


def token(text, column):
    if text not in GROUPS:
        raise InvalidInputError(column, "is not in the label book")
    return GROUPS[text]


NAMES = Names(token=token, like=lambda text: ("B",), today=date(2026, 11, 24))
SOURCE = {"scheme": "3x5x2", "grade": "2B", "reason": "intelligence"}
GOOD = {
    "rivalry": {
        "group": "A",
        "other": "B",
        "severity": "3",
        "last_violence": "2026-01-01",
    },
    "alliance": {"group": "A", "other": "B", "until": "2026-11-24"},
    "faction": {"group": "A", "other": "B", "own_rivalries_only": "yes"},
    "presence": {"group": "A", "area": "0180", "presence": "base"},
}


def read(kind="", fixed=(), **said):
    texts = {"kind": kind, **GOOD.get(kind, {}), **SOURCE, **said}
    reader = RowReader(tuple(texts), dict(fixed), NAMES)
    return reader.read(tuple(texts.values()))


def faults(kind="presence", **said):
    with pytest.raises(RowError) as refused:
        read(kind, **said)
    return [(fault.column, fault.why) for fault in refused.value.faults]


@pytest.mark.parametrize("kind", GOOD)
def test_there_and_back(kind):
    """What a row says is written again as it stood."""
    names = {value: name for name, value in GROUPS.items()}
    fact = read(kind, since="2026-01-02", review_by="2027-01-01")
    got = dict(zip(COLUMNS, row_of(fact, names.__getitem__), strict=True))

    expected = {
        "kind": kind,
        **GOOD[kind],
        **SOURCE,
        "since": "2026-01-02",
        "review_by": "2027-01-01",
    }
    assert {name: text for name, text in got.items() if text} == expected


def test_the_order_of_two_groups_says_nothing():
    """A rivalry is one fact both ways; a faction is not."""
    turned = {"group": "B", "other": "A"}

    assert read("rivalry", **turned) == read("rivalry")
    assert read("faction", **turned) != read("faction")


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"kind": "tie"}, "kind"),
        ({"group": ""}, "group"),
        ({"other": "B"}, "other"),
        ({"presence": "often"}, "presence"),
        ({"area": "180"}, "area"),
        ({"area": "9999"}, "area"),
        ({"area": "Malm"}, "area"),
        ({"area": "０１８０"}, "area"),  # noqa: RUF001 (full-width on purpose)
        ({"area": OddCell(Odd.NUMBER, "180")}, "area"),
        ({"group": OddCell(Odd.NUMBER, "1480")}, "group"),
        ({"since": OddCell(Odd.DATE, "2026-01-02")}, "since"),
        ({"since": "46022"}, "since"),
        ({"since": "2/1 2026"}, "since"),
        ({"since": "2026-02-30"}, "since"),
        ({"since": "2026-02-02", "until": "2026-02-01"}, "until"),
        ({"grade": "9Z"}, "grade"),
        ({"scheme": "7x7"}, "scheme"),
        ({"reason": "rumour"}, "reason"),
        ({"group": "nobody"}, "group"),
        ({"group": OddCell(Odd.FORMULA)}, "group"),
    ],
)
def test_one_fault(said, fault):
    """It names the column and says what to do, never what stood there."""
    kind = said.pop("kind", "presence")
    found = faults(kind, **said)

    assert [column for column, _ in found] == [fault]
    assert all(str(each) not in found[0][1] for each in ("nobody", "9Z", "rumour"))


def test_all_faults_are_told():
    """A row is corrected once, not once for each fault."""
    found = faults("rivalry", severity="4", other="A", last_violence="soon")

    assert [column for column, _ in found] == ["other", "severity", "last_violence"]
    assert faults("faction", own_rivalries_only="perhaps")[0][0] == "own_rivalries_only"


def test_numbers_that_can_mean_one_thing():
    """An area of four digits and a severity are taken from a number cell."""
    number = OddCell(Odd.NUMBER, "1480")

    assert read("presence", area=number).presence.area == "1480"
    assert read("rivalry", severity=OddCell(Odd.NUMBER, "2")).rivalry.severity == 2


def test_cells_beyond_the_headings():
    """A row that is longer than the headings is not understood."""
    with pytest.raises(RowError, match="can't be understood"):
        RowReader(("kind",), {}, NAMES).read(("presence", "more"))


def test_hints_are_in_the_text():
    """The sheet of refused rows has near names."""
    with pytest.raises(RowError) as refused:
        read("presence", group="nobody")

    assert str(refused.value.faults[0]) == "group is not in the label book; like: B"


def test_a_name_that_reads_as_a_formula_is_a_token():
    """No sheet of ours runs anything."""
    fact = read("presence", group="=C")
    row = row_of(fact, lambda _: "=C")

    assert row[1] == GROUPS["=C"].hex()


def test_order():
    """By kind as listed, then by the columns."""
    rows = [("presence", "A"), ("rivalry", "B"), ("rivalry", "A"), ("faction", "A")]

    assert in_order(rows) == [rows[2], rows[1], rows[3], rows[0]]


# Mappings


def test_headings():
    """Ours in any capitals, mapped ones, and those that stand for nothing."""
    mapping = ColumnMap({"Grupp": "group", "Anm": ""}, {"kind": "presence"})
    got = mapping.headings(("Grupp", "Anm", "AREA", "", "refused_because"))

    assert got == ("group", "", "area", "", "")


UNKNOWN = "has a heading in column 1 that is not known; map it"


@pytest.mark.parametrize(
    ("mapping", "headings", "why"),
    [
        (ColumnMap(), ("grupp",), UNKNOWN),
        (ColumnMap(), ("area", "", "group", "", "Group"), "same in columns 3 and 5"),
        (
            ColumnMap({}, {"kind": "presence"}),
            ("area", "kind"),
            "column 2 what the map",
        ),
        (ColumnMap(), (OddCell(Odd.NUMBER, "1"),), UNKNOWN),
    ],
    ids=["unknown", "twice", "fixed", "number"],
)
def test_headings_that_are_not_understood(mapping, headings, why):
    """The file is refused whole; where is told, and nothing that stands there."""
    with pytest.raises(InvalidInputError) as caught:
        mapping.headings(headings)

    assert why in caught.value.description


def test_a_mapping_is_saved_and_read(tmp_path):
    """It comes back as it was."""
    mapping = ColumnMap({"Grupp A": "group"}, {"kind": "rivalry"})
    mapping.save(tmp_path / "map.json")

    assert ColumnMap.read(tmp_path / "map.json") == mapping
    for path in (tmp_path / "no" / "map.json", tmp_path / "map.json"):
        with pytest.raises(InvalidInputError):
            ColumnMap().save(path)
    assert ColumnMap.read(tmp_path / "map.json") == mapping


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "[]",
        '{"rows": {}}',
        '{"columns": []}',
        '{"columns": {"a": 1}}',
        '{"columns": {"a": "nothing"}}',
        '{"fixed": {"nothing": "a"}}',
    ],
)
def test_no_mapping(tmp_path, text):
    """Another form, or a column that there is not."""
    (tmp_path / "map.json").write_text(text, "utf-8")
    with pytest.raises(InvalidInputError):
        ColumnMap.read(tmp_path / "map.json")


def test_a_mapping_that_is_not_there(tmp_path):
    """It can't be read."""
    with pytest.raises(InvalidInputError):
        ColumnMap.read(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            ColumnMap({"Grupp A": "group", "Grupp B": "othr"}),
            "says in columns, number 2, what is no column; perhaps other is meant",
        ),
        (
            ColumnMap(fixed={"x": "rivalry"}),
            "says in fixed, number 1, what is no column; there are kind, group, other",
        ),
    ],
)
def test_a_column_that_there_is_not_is_told(made, said):
    """By its place, beside what may be meant; what was typed is not repeated."""
    with pytest.raises(InvalidInputError) as caught:
        made.require_known()

    assert caught.value.description.startswith(said)
