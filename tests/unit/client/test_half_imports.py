"""Imports that are under way: half sent and gone on with, and how many there may be."""

import csv

import pytest
from kit.people import people
from kit.typed_sheets import line, write
from placement_client.commands import importing

from placement.errors import ConflictError

HEADINGS = ("kind", "group", "area", "presence", "scheme", "grade", "reason")


@pytest.fixture(scope="module")
def become(tmp_path_factory):
    """Start a server; return how to become somebody."""
    with people(tmp_path_factory.mktemp("served")) as become:
        yield become


@pytest.fixture(scope="module")
def coordinator(become):
    person = become("coordinator", "syd", "co-01")
    person("group", "register", "Åsen")
    return person


@pytest.fixture(scope="module")
def second(become):
    return become("coordinator", "syd", "co-02")


@pytest.fixture
def half(coordinator, tmp_path, monkeypatch):
    """Send nothing but the beginning of an import; return its id, sheet and plan."""

    def interrupted(*_):
        raise KeyboardInterrupt

    row = ("presence", "Åsen", "1292", "active", "3x5x2", "2B", "intelligence")
    sheet = tmp_path / "half.csv"
    with sheet.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([HEADINGS, row])
    plan = coordinator("import", "dry-run", sheet)["plan"]
    with monkeypatch.context() as patch:
        patch.setattr(importing, "send", interrupted)
        paused = coordinator("import", "commit", sheet, "--plan", plan, code=1)
    return paused["import_id"], sheet, plan


def kept(person):
    return sorted(path.suffix for path in (person.folder / "imports").iterdir())


def test_half_an_import_asks_for_no_approval(coordinator, second, half, tmp_path):
    """Whoever reads it is told how many rows are sent, and who goes on."""
    key, _sheet, _plan = half
    read_by = second.shown("import", "rows", key, "--to", tmp_path / "half-seen.csv")
    shown = second.shown("import", "show", key)
    coordinator("import", "cancel", key)

    for text in (read_by, shown):
        assert "0 of 1 rows are sent" in text
        assert (
            f"co-01, who began it, goes on with: placement import resume {key}" in text
        )
        assert "approve" not in text
        assert "Digest" not in text


def test_a_refused_import_says_how_to_end_it(coordinator, half, monkeypatch):
    """It is one of the few that a region may have open."""
    key, _sheet, _plan = half

    def refused(*_):
        raise ConflictError

    with monkeypatch.context() as patch:
        patch.setattr(importing, "send", refused)
        got = coordinator("import", "resume", key, code=1)
    coordinator("import", "cancel", key)

    assert f"placement import cancel {key}" in " ".join(got["error"]["notes"])


def test_rows_of_a_cancelled_import_do_not_stay(coordinator, second, half):
    """Whoever cancels forgets them, and so does whoever learns that it was cancelled."""
    key, sheet, plan = half
    second("import", "cancel", key)
    there = kept(coordinator)
    got = coordinator("import", "resume", key, code=1)["error"]
    gone = kept(coordinator)
    anew = coordinator("import", "commit", sheet, "--plan", plan)
    coordinator("import", "cancel", anew["import_id"])

    assert (there, gone) == ([".id", ".rows"], [])
    assert (got["reason"], got["notes"][0]) == (
        "CONTRADICTION",
        "Its rows were removed from this machine.",
    )
    assert anew["state"] == "WAITING"


def test_whoever_cancels_half_an_import_keeps_no_rows(coordinator, half):
    """The same command forgets what was left to send."""
    shown = coordinator.shown("import", "cancel", half[0])

    assert "removed from this machine" in shown
    assert kept(coordinator) == []


def test_how_many_imports_wait_at_once(become, tmp_path):
    """The fourth is told what is in its way; once one is cancelled it is sent."""
    coordinator = become("coordinator", "nord", "co-03")
    coordinator("group", "register", "Hamnen")
    sheets = [
        write(
            tmp_path / f"{place}.csv",
            [line(kind="presence", group="Hamnen", area=place, presence="base")],
        )
        for place in ("0180", "1480", "1280", "1284")
    ]
    plans = [coordinator("import", "dry-run", each)["plan"] for each in sheets]
    pairs = list(zip(sheets, plans, strict=True))
    sent = [
        coordinator("import", "commit", each, "--plan", plan)
        for each, plan in pairs[:3]
    ]
    last, plan = pairs[-1]
    refused = coordinator("import", "commit", last, "--plan", plan, code=1)
    coordinator("import", "cancel", sent[0]["import_id"])
    again = coordinator("import", "commit", last, "--plan", plan)

    assert refused["error"]["notes"][0].startswith("Your region has as many imports")
    assert again["state"] == "WAITING"
