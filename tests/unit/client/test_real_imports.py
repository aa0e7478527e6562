"""Sheets against the whole server: dry run, commit, approval, export, and back again."""

import csv
from datetime import timedelta

import pytest
from kit.noon import TODAY
from kit.people import people
from kit.typed_sheets import imported, line, read, taken, write
from placement_client.commands import importing
from placement_client.sheets.columns import COLUMNS

GROUPS = ("North Side", "South Side", "East End", "Åsen")
YESTERDAY = (TODAY - timedelta(days=1)).isoformat()


@pytest.fixture(scope="module")
def become(tmp_path_factory):
    """Start a server; return how to become somebody."""
    with people(tmp_path_factory.mktemp("served")) as become:
        yield become


@pytest.fixture(scope="module")
def coordinator(become):
    person = become("coordinator", "syd", "co-01")
    person("group", "register", *GROUPS)
    return person


@pytest.fixture(scope="module")
def second(become):
    return become("coordinator", "syd", "co-02")


@pytest.fixture(scope="module")
def elsewhere(become):
    return become("coordinator", "nord", "co-03")


@pytest.fixture
def two(tmp_path):
    """Two coordinators before a server of their own, where nothing is on record."""
    (folder := tmp_path / "own").mkdir()
    with people(folder) as become:
        first = become("coordinator", "syd", "co-01")
        first("group", "register", *GROUPS)
        yield first, become("coordinator", "syd", "co-02")


FIRST = [
    line(
        kind="rivalry",
        group="North Side",
        other="South Side",
        severity="3",
        since="2026-01-02",
    ),
    line(kind="alliance", group="North Side", other="Åsen"),
    line(kind="faction", group="East End", other="North Side"),
    line(kind="presence", group="South Side", area="0180", presence="base"),
]


def test_a_sheet_from_dry_run_to_export(two, tmp_path):
    """What was imported comes out again byte for byte; a second time it is the same."""
    coordinator, second = two
    sheet = write(tmp_path / "first.csv", FIRST)

    plan, found = imported(coordinator, second, sheet, tmp_path)
    coordinator("export", tmp_path / "out.csv")
    again = coordinator("import", "dry-run", sheet)

    assert plan["counts"] == {
        "new": 4,
        "changed": 0,
        "ended": 0,
        "same": 0,
        "refused": 0,
    }
    assert (found["taken"], found["refused"], found["approved_by"]) == (4, 0, "co-02")
    assert read(tmp_path / "out.csv") == read(sheet)
    assert again["counts"]["same"] == 4


def test_a_change_and_an_end(two, tmp_path):
    """A changed row ends the old fact and records the new; an ended one ends it."""
    coordinator, second = two
    (before := tmp_path / "before").mkdir()
    imported(coordinator, second, write(before / "first.csv", FIRST), before)
    rows = [
        line(
            kind="rivalry",
            group="North Side",
            other="South Side",
            severity="1",
            since="2026-01-02",
        ),
        line(kind="alliance", group="North Side", other="Åsen", until=YESTERDAY),
        *FIRST[2:],
    ]
    sheet = write(tmp_path / "second.csv", rows)

    plan, found = imported(coordinator, second, sheet, tmp_path)
    coordinator("export", tmp_path / "out.csv")

    assert plan["counts"] == {
        "new": 0,
        "changed": 1,
        "ended": 1,
        "same": 2,
        "refused": 0,
    }
    assert (found["taken"], found["refused"]) == (2, 0)
    assert read(tmp_path / "out.csv") == read(sheet)
    assert [each["changes"] for each in plan["rows"]] == [
        [{"column": "severity", "before": "3", "after": "1"}],
        [{"column": "until", "before": "", "after": YESTERDAY}],
        *([[]] * 2),
    ]
    assert ": severity 3 -> 1\n" in read(tmp_path / "seen.csv")


def test_nobody_approves_their_own(coordinator, elsewhere, tmp_path):
    """Neither who sent it nor another region approves it; it can be cancelled."""
    row = line(kind="presence", group="Åsen", area="1280", presence="active")
    sheet = write(tmp_path / "own.csv", [row])
    plan = coordinator("import", "dry-run", sheet)
    sent = coordinator("import", "commit", sheet, "--plan", plan["plan"])
    approval = ("import", "approve", sent["import_id"], "--digest", sent["digest"])

    assert coordinator(*approval, code=1)["error"]["reason"] == "ACCESS_DENIED"
    assert elsewhere(*approval, code=1)["error"]["reason"] == "NOT_FOUND"
    coordinator("import", "cancel", sent["import_id"])
    assert coordinator("import", "show", sent["import_id"])["state"] == "CANCELLED"


def test_refused_rows_come_back(coordinator, tmp_path):
    """Bad rows are told with their reasons, and written as a sheet of the same form."""
    rows = [
        line(kind="presence", group="Nord Side", area="0180", presence="base"),
        line(kind="presence", group="Åsen", area="180", presence="base"),
        line(kind="rivalry", group="Åsen", other="East End", severity="2", grade="9Z"),
        line(kind="alliance", group="Åsen", other="East End", since="46022"),
    ]
    sheet = write(tmp_path / "bad.csv", rows)

    got = coordinator(
        *("import", "dry-run", sheet, "--refused", tmp_path / "refused.csv"), code=2
    )

    assert got["counts"]["refused"] == 4
    assert got["rows"][0]["reasons"] == [
        {"column": "group", "why": "is not in the label book", "like": ["North Side"]}
    ]
    assert "four digits" in got["rows"][1]["reasons"][0]["why"]
    with (tmp_path / "refused.csv").open(encoding="utf-8", newline="") as file:
        headings, *back = csv.reader(file)
    assert headings == [*COLUMNS, "refused_because"]
    assert [tuple(each[:-1]) for each in back] == rows
    assert all(each[-1] for each in back)
    again = coordinator("import", "dry-run", tmp_path / "refused.csv", code=2)
    assert again["counts"] == got["counts"]


def alliance(one, other):
    return line(kind="alliance", group=one, other=other)


def allied(person, one, other):
    said = ("--grade", "2B", "--reason", "intelligence")
    return person("fact", "record", "alliance", "--group", one, "--group", other, *said)


def test_a_link_under_another_name_is_refused_in_the_dry_run(
    coordinator, second, elsewhere, tmp_path
):
    """With its row, in the sheet of refused rows too; the others are sent."""
    coordinator("group", "register", "Udda", "Jämna", "Tredje", "Samma")
    merged = coordinator("group", "merge", "Udda", "Samma")
    second("change", "approve", merged["change_id"])
    allied(coordinator, "Udda", "Jämna")
    rows = [alliance("Jämna", "Samma"), alliance("Udda", "Tredje")]
    sheet = write(tmp_path / "in.csv", rows)
    back = tmp_path / "refused.csv"

    plan = coordinator("import", "dry-run", sheet, "--refused", back, code=2)
    sent = coordinator("import", "commit", sheet, "--plan", plan["plan"])
    coordinator("import", "cancel", sent["import_id"])

    assert [each["outcome"] for each in plan["rows"]] == ["refused", "new"]
    (reason,) = plan["rows"][0]["reasons"]
    assert (reason["column"], "another name" in reason["why"]) == ("row", True)
    assert read(back).count("another name") == 1
    assert sent["rows"] == 1
    assert elsewhere("import", "dry-run", sheet)["counts"]["new"] == 2


def test_rows_refused_while_they_were_taken_over(coordinator, second, tmp_path):
    """What was recorded meanwhile comes back as a sheet, with the reason."""
    coordinator("group", "register", "Ena", "Andra", "Sista")
    rows = [alliance("Ena", "Andra"), alliance("Ena", "Sista")]
    sheet = write(tmp_path / "in.csv", rows)
    plan = coordinator("import", "dry-run", sheet)
    sent = coordinator("import", "commit", sheet, "--plan", plan["plan"])
    allied(second, "Andra", "Ena")
    key, digest = sent["import_id"], sent["digest"]
    second("import", "approve", key, "--digest", digest)
    found = taken(coordinator, key)
    told = coordinator("import", "refused", key, "--to", tmp_path / "back.csv")

    assert (found["taken"], found["refused"], told["rows"]) == (2, 1, 1)
    with (tmp_path / "back.csv").open(encoding="utf-8", newline="") as file:
        headings, back = csv.reader(file)
    assert headings == [*COLUMNS, "refused_because"]
    assert {*back[:-1]} >= {"Ena", "Andra", "alliance"}
    assert "says a link a second time" in back[-1]


def test_a_sheet_that_changed_is_refused(coordinator, tmp_path):
    """Between dry run and commit nothing may change."""
    row = line(kind="presence", group="Åsen", area="1280", presence="active")
    other = line(kind="presence", group="Åsen", area="1281", presence="active")
    plan = coordinator("import", "dry-run", write(tmp_path / "a.csv", [row]))
    changed = write(tmp_path / "a.csv", [other])

    got = coordinator("import", "commit", changed, "--plan", plan["plan"], code=2)

    assert got["error"]["field"] == "plan"


def test_others_work_between_dry_run_and_commit(coordinator, tmp_path):
    """What is recorded elsewhere refuses nothing; what a row says anew refuses the plan."""
    row = line(kind="presence", group="Åsen", area="2480", presence="active")
    sheet = write(tmp_path / "meanwhile.csv", [row])
    words = ("fact", "record", "presence", "--group", "Åsen", "--kind", "active")
    words += ("--grade", "2B", "--reason", "intelligence")
    plan = coordinator("import", "dry-run", sheet)
    coordinator(*words, "--area", "2482")
    sent = coordinator("import", "commit", sheet, "--plan", plan["plan"])
    coordinator("import", "cancel", sent["import_id"])
    coordinator(*words, "--area", "2480")
    got = coordinator("import", "commit", sheet, "--plan", plan["plan"], code=2)

    assert sent["rows"] == 1
    assert got["error"]["field"] == "plan"


def test_effects(coordinator, tmp_path):
    """A dry run tells what its rows would do to whoever is placed: here to nobody."""
    row = line(kind="presence", group="Åsen", area="1282", presence="base")
    sheet = write(tmp_path / "effects.csv", [row])
    got = coordinator("import", "dry-run", sheet, "--effects")["effects"]

    assert (got["planned"], got["worse"], got["better"]) == (0, 0, 0)


def test_a_paused_import_goes_on(coordinator, tmp_path, monkeypatch):
    """Ctrl-C loses nothing: the rows lie here, and the rest of them is sent later."""
    row = line(kind="presence", group="Åsen", area="1283", presence="active")
    sheet = write(tmp_path / "paused.csv", [row])
    plan = coordinator("import", "dry-run", sheet)["plan"]

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(importing, "send", interrupted)
        paused = coordinator("import", "commit", sheet, "--plan", plan, code=1)
    key = paused["import_id"]
    got = coordinator("import", "resume", key)

    assert paused["paused"]
    assert (got["import_id"], got["state"], got["staged"]) == (key, "WAITING", 1)
    assert (
        coordinator("import", "resume", key, code=1)["error"]["reason"] == "NOT_FOUND"
    )


def test_effects_that_can_not_be_told(coordinator, tmp_path):
    """The plan is told all the same, and why it has no effects."""
    pair = ("--group", "South Side", "--group", "Åsen")
    said = ("--severity", "2", "--grade", "2B", "--reason", "intelligence")
    coordinator("fact", "record", "rivalry", *pair, *said)
    row = line(kind="rivalry", group="South Side", other="Åsen", severity="1")
    sheet = write(tmp_path / "effects.csv", [row])
    got = coordinator("import", "dry-run", sheet, "--effects")
    shown = coordinator.shown("import", "dry-run", sheet, "--effects")

    assert got["counts"]["changed"] == 1
    assert "no row that changes a rivalry" in got["effects"]["missing"][0]
    assert "No effects are shown." in shown
    assert f"--plan {got['plan']}" in shown


def test_templates_and_mappings(coordinator, tmp_path):
    """A sheet with headings of its own is read through a saved mapping."""
    made = coordinator("import", "template", tmp_path / "t.csv", "--kind", "presence")
    saved = tmp_path / "map.json"
    columns = ("--column", "Grupp=group", "--column", "Anm=")
    fixed = ("--fixed", "kind=presence", "--fixed", "scheme=3x5x2")
    coordinator("import", "map", saved, *columns, *fixed)
    sheet = tmp_path / "ours.csv"
    sheet.write_text(
        "Grupp,Anm,area,presence,grade,reason\nÅsen,x,1284,active,2B,court\n", "utf-8"
    )
    got = coordinator("import", "dry-run", sheet, "--map", saved)

    assert got["counts"]["new"] == 1
    assert made["columns"] == read(tmp_path / "t.csv").strip().split(",")
    for words in (("map", saved, "--column", "x"), ("template", "t", "--kind", "tie")):
        assert "error" in coordinator("import", *words, code=2)


def test_a_group_stands_under_the_name_that_is_listed(coordinator, tmp_path):
    """Not under another of its names, wherever that stands in the alphabet."""
    for group in ("North Side", "South Side"):
        said = ("--area", "0381", "--kind", "active", "--grade", "2B")
        told = ("--group", group, *said, "--reason", "intelligence")
        coordinator("fact", "record", "presence", *told)
    coordinator("group", "alias", "North Side", "Zzz")
    coordinator("group", "alias", "South Side", "Aaa")
    coordinator("export", tmp_path / "out.csv")

    assert "South Side" in read(tmp_path / "out.csv")
    assert "Zzz" not in read(tmp_path / "out.csv")
    assert "Aaa" not in read(tmp_path / "out.csv")


def test_xlsx_goes_both_ways(coordinator, tmp_path):
    """An exported workbook is read as the same facts."""
    coordinator(
        *("fact", "record", "presence", "--group", "Åsen", "--kind", "active"),
        *("--grade", "2B", "--reason", "intelligence", "--area", "1290"),
    )
    coordinator("export", tmp_path / "out.xlsx")
    got = coordinator("import", "dry-run", tmp_path / "out.xlsx")

    assert got["counts"]["same"] == len(got["rows"]) > 0


def test_an_amendment_that_waits(coordinator, second, tmp_path):
    """Until it is approved a sheet shows the fact that counts, and what waits beside it."""
    row = line(kind="presence", group="Åsen", area="1281", presence="base")
    imported(coordinator, second, write(tmp_path / "in.csv", [row]), tmp_path)
    facts = coordinator("fact", "list", "--kind", "presence", "--area", "1281")["facts"]
    amended = coordinator("fact", "amend", facts[0]["fact_id"], "--area", "1283")
    coordinator("export", tmp_path / "out.csv")
    again = coordinator("import", "dry-run", tmp_path / "out.csv")
    second("change", "reject", amended["change_id"])

    assert ",".join(row) in read(tmp_path / "out.csv")
    assert TODAY.isoformat() in read(tmp_path / "out.csv")
    assert again["counts"]["same"] == len(again["rows"])


def test_an_amendment_from_the_first_day(coordinator, second, tmp_path):
    """Where one row can say only one of the two facts, it says the one that counts."""
    day = TODAY.isoformat()
    row = line(kind="presence", group="Åsen", area="1286", presence="base", since=day)
    imported(coordinator, second, write(tmp_path / "in.csv", [row]), tmp_path)
    facts = coordinator("fact", "list", "--kind", "presence", "--area", "1286")["facts"]
    options = ("--presence", "active", "--on", day)
    amended = coordinator("fact", "amend", facts[0]["fact_id"], *options)
    coordinator("export", tmp_path / "out.csv")
    second("change", "reject", amended["change_id"])

    said = [each for each in read(tmp_path / "out.csv").splitlines() if "1286" in each]
    assert said == [",".join(row)]


def test_the_same_rows_twice(coordinator, tmp_path):
    """What waits already is not sent again, and the refusal names the import."""
    row = line(kind="presence", group="Åsen", area="1287", presence="active")
    sheet = write(tmp_path / "in.csv", [row])
    plan = coordinator("import", "dry-run", sheet)
    sent = coordinator("import", "commit", sheet, "--plan", plan["plan"])
    again = coordinator("import", "commit", sheet, "--plan", plan["plan"], code=2)
    coordinator("import", "cancel", sent["import_id"])
    anew = coordinator("import", "commit", sheet, "--plan", plan["plan"])
    coordinator("import", "cancel", anew["import_id"])

    assert again["error"]["field"] == "file"
    assert sent["import_id"] in again["error"]["description"]


def test_refused_rows_go_to_a_new_file(coordinator, tmp_path):
    """The error names the option that names the file."""
    row = line(kind="presence", group="Åsen", area="128", presence="active")
    sheet = write(tmp_path / "in.csv", [row])
    got = coordinator("import", "dry-run", sheet, "--refused", sheet, code=2)

    assert got["error"]["field"] == "refused"
    assert read(sheet).count("128,") == 1
