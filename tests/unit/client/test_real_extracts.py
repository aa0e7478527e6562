"""An extract from the terminal, against the whole server: from numbers to a paper."""

import json
from pathlib import Path

import pytest
from kit.numbers import number
from kit.people import people

STDIN = "--identifier-stdin"
SAYS = ("--grade", "1B", "--reason", "intelligence")
NAMES = ("Leavers United", "Quiet Enemies")


@pytest.fixture(scope="module")
def become(tmp_path_factory):
    with people(tmp_path_factory.mktemp("served")) as become:
        yield become


@pytest.fixture(scope="module")
def first(become):
    coordinator = become("coordinator", "bergslagen", "co-01")
    coordinator("group", "register", *NAMES)
    return coordinator


@pytest.fixture(scope="module")
def second(become):
    return become("coordinator", "bergslagen", "co-02")


@pytest.fixture(scope="module")
def caseworker(become):
    return become("caseworker", "1880", "cw-01")


@pytest.fixture(scope="module")
def case(caseworker, first):
    """A case of a household of two, who are placed."""
    handle = caseworker.opened(700, 701, reference="SN 700")
    first("assess", handle, "--none-known")
    first("placement", "record", handle, "--area", "1880", "--from", "today")
    return handle


def extract(first, second, path, *serials, release=(), told=()):
    """Have an extract made of somebody; return what could be told, and both files."""
    stdin = "\n".join(number(serial=each) for each in serials)
    words = ("--reference", "A 12/2026", STDIN)
    change = first("extract", "propose", *words, stdin=stdin)["change_id"]
    shown = second("extract", "show", change, STDIN, stdin=stdin)
    options = [word for each in release for word in ("--release", each)]
    options += [word for each in told for word in ("--tell", each)]
    options += ("--seen", shown["seen"])
    second("extract", "approve", change, *options, STDIN, stdin=stdin)
    written = first("extract", "write", change, "--to", path, STDIN, stdin=stdin)
    text, data = (Path(each).read_text("utf-8") for each in written["files"])
    return shown, text, json.loads(data)


def test_a_person_reads_what_is_kept(caseworker, case, first, second, tmp_path):
    """Their case, their place, the fact that was released, who asked; no one else."""
    person = ("--person", f"{case}:0", *SAYS)
    (member,) = first(
        *("fact", "record", "affiliation", "--group", NAMES[0], "--role", "core"),
        *person,
    )["fact_ids"]
    first("fact", "record", "tie", "--area", "1480", *person)
    first(
        *("fact", "record", "rivalry", "--group", NAMES[0], "--group", NAMES[1]),
        *("--severity", "1", *SAYS),
    )
    caseworker(
        *("check", "--case", case, "--area", "1981", "--from", "today"),
        *("--justification", "planned"),
        code=3,
    )
    shown, text, data = extract(
        *(first, second, tmp_path / "told", 700),
        release=[member],
        told=["verdicts"],
    )
    everything = text + json.dumps(data)

    assert {each["kind"] for each in shown["facts"]} == {"affiliation", "tie"}
    assert shown["proposer"] == "co-01"
    assert [each["group"] for each in data["facts"]] == [NAMES[0]]
    assert [each["case_handle"] for each in data["cases"]] == [case]
    assert f"the group {NAMES[0]} (as core)" in text
    assert "Örebro (1880), from " in text
    assert "a caseworker of municipality 1880 opened your case (police)" in text
    assert "answered: Sala (1981) UNKNOWN" in text
    assert "a coordinator of bergslagen approved an extract about you" in text
    for secret in (NAMES[1], "cw-01", "co-01", "co-02", number(serial=700)[2:], "1B"):
        assert secret not in everything


def test_a_member_of_the_household_is_not_told_where_it_is(
    case, first, second, tmp_path
):
    """That case is somebody else's, and is told if it is released."""
    shown, text, data = extract(first, second, tmp_path / "member", 701)
    (theirs,) = shown["cases"]
    _, with_case, _ = extract(first, second, tmp_path / "released", 701, release=[case])

    assert theirs["case_handle"] == case
    assert not theirs["is_first"]
    assert (data["cases"], data["facts"]) == ([], [])
    assert "Örebro" not in text
    assert "of a household that you are in" in with_case


@pytest.mark.usefixtures("case")
def test_somebody_on_whom_nothing_is_kept_has_the_same_paper(first, second, tmp_path):
    """But for what is told of their own extract."""
    papers = [
        extract(first, second, tmp_path / f"paper-{serial}", serial)[1]
        for serial in (701, 799)
    ]
    heads = [paper[: paper.index("## Who did something")] for paper in papers]

    assert heads[0] == heads[1]
    assert "an extract about you" in papers[1]


def test_numbers_that_differ_are_refused(first, second):
    """Whoever typed another person's."""
    words = ("--reference", "A 12/2026", STDIN)
    stdin = number(serial=700)
    change = second("extract", "propose", *words, stdin=stdin)["change_id"]
    other = first(*("extract", "show", change, STDIN), stdin=number(serial=701), code=1)
    seen = ("--seen", "00" * 32)
    own = second("extract", "approve", change, *seen, STDIN, stdin=stdin, code=1)

    assert other["error"]["reason"] == "CONTRADICTION"
    assert own["error"]["reason"] == "ACCESS_DENIED"
