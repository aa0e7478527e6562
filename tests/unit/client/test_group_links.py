"""Groups that are one, a part that left, and a group of many names, on a live server."""

import pytest
from kit.keyholders import coordinators, names

SOURCE = ("--grade", "2B", "--reason", "intelligence")


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    with coordinators(tmp_path_factory.mktemp("links")) as here:
        here.admitted(here.second, "syd/co-02")
        yield here


def group(who, name):
    """Return what is listed of a group."""
    (found,) = [
        each
        for each in who("group", "list")["groups"]
        if name in (each["name"], *each["further"])
    ]
    return found


def test_a_merge_waits_for_a_second_coordinator(here):
    """Who sees both names; then they are one, and two again."""
    here.first("group", "register", "Kappa", "Lambda Crew")
    change = here.first("group", "merge", "Kappa", "lambda-crew")["change_id"]
    shown = here.second("change", "show", change)
    waits = group(here.second, "Kappa"), group(here.second, "Lambda Crew")
    here.second("change", "approve", change)
    listed = here.second.shown("group", "list")
    merged = [group(here.second, each) for each in ("Kappa", "Lambda Crew")]
    undo = here.first("group", "unmerge", "Kappa", "Lambda Crew")["change_id"]
    parted = here.second("change", "show", undo)
    here.second("change", "approve", undo)

    assert [each["effect"] for each in shown["items"]] == ["merged"]
    assert set(shown["items"][0]["groups"]) == {"Kappa", "Lambda Crew"}
    assert [each["effect"] for each in parted["items"]] == ["unmerged"]
    assert [each["merged_into"] for each in waits] == ["", ""]
    assert "Lambda Crew (by syd)" in listed
    tokens = {each["token"] for each in merged}
    into = {each["merged_into"] for each in merged}
    assert into == {"", min(tokens)}
    assert [each["merges"] for each in waits] == [[], []]
    assert [
        (each["name"], each["region"]) for one in merged for each in one["merges"]
    ] == [
        ("Lambda Crew", "syd"),
        ("Kappa", "syd"),
    ]
    assert group(here.second, "Kappa")["merged_into"] == ""


def test_what_waits_is_said_in_words(here):
    """Whoever approves reads it."""
    here.first("group", "register", "Sigma", "Tau")
    change = here.first("group", "merge", "Sigma", "Tau")["change_id"]
    told = here.second.shown("change", "show", change)
    here.second("change", "approve", change)
    undo = here.first("group", "unmerge", "Tau", "Sigma")["change_id"]
    untold = here.second.shown("change", "show", undo)

    assert "be one group" in told
    assert "Sigma" in told
    assert "be two groups again" in untold


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("merge", "North Side", "North Side"), "INVALID_INPUT"),
        (("merge", "North Side", "nobody's"), "INVALID_INPUT"),
        (("unmerge", "North Side", "South Side"), "NOT_FOUND"),
    ],
)
def test_what_can_not_be_merged(here, words, reason):
    """A group with itself, an unknown one; nor is undone what nobody did."""
    code = 1 if reason == "NOT_FOUND" else 2
    got = here.first("group", *words, code=code)

    assert got["error"]["reason"] == reason


def test_a_part_that_left_is_registered_and_linked(here):
    """The link ends on the day of the split."""
    made = here.first(
        *("group", "split", "Splinter Band", "--from", "Zeta"),
        *("--on", "2026-03-01", *SOURCE),
    )
    again = here.first(
        *("group", "split", "Splinter Band", "--from", "Zeta"),
        *("--on", "2026-03-01", *SOURCE),
        code=1,
    )

    assert len(made["fact_ids"]) == 1
    assert made["change_ids"] == []
    assert "Splinter Band" in names(here.second)
    assert again["error"]["reason"] == "CONTRADICTION"


def test_a_split_that_failed_half_way_goes_on(here):
    """The part is registered; the same command records the link then."""
    words = ("group", "split", "Half Done", "--from", "Zeta", "--on", "2026-03-01")
    reason = ("--reason", "intelligence")
    failed = here.first(*words, *reason, "--grade", "9Z", code=2)
    done = here.first(*words, *reason, "--grade", "2B")

    assert failed["error"]["notes"][-1] == (
        "the new group is registered; the same command goes on from there"
    )
    assert len(done["fact_ids"]) == 1


def test_a_part_of_a_group(here):
    """As fact record faction says it."""
    here.first("group", "register", "Omega")
    got = here.first(
        *("group", "faction", "Omega", "Zeta", "--own-rivalries-only", *SOURCE)
    )

    assert len(got["fact_ids"]) == 1


def test_a_group_has_further_names(here):
    """It is found by each of them, by every coordinator; a known one is refused."""
    here.first("group", "register", "Ypsilon")
    here.first("group", "alias", "Ypsilon", "The Y", "Why")
    found = here.second("group", "find", "why")["groups"]
    refused = here.first("group", "alias", "Zeta", "WHY", code=1)

    assert [(each["name"], each["further"]) for each in found] == [
        ("Ypsilon", ["The Y", "Why"])
    ]
    assert refused["error"]["reason"] == "CONTRADICTION"


def test_what_looks_alike_is_shown_before_it_stands_twice(here):
    """Typing errors, diacritics, other orders of words; whoever knows says --new."""
    here.first("group", "register", "Nätverket Söder")
    for name in ("Soder natverket", "Natverkt Söder", "söder"):
        got = here.first("group", "register", name, code=2)
        found = here.first("group", "find", name)["groups"]

        assert got["error"]["field"] == "name"
        assert "Nätverket Söder" in [each["name"] for each in found]
    here.first("group", "alias", "Zeta", "Natverket Soder", code=2)
    here.first("group", "alias", "Nätverket Söder", "Söder")
    here.first("group", "register", "Söder Två", "--new")

    assert "Söder Två" in names(here.second)


def test_a_known_name_is_told_as_it_is_registered(here):
    """Though another name looks like it, too."""
    here.first("group", "register", "Norrsidan", "Norrsidans Unga", "--new")
    got = here.first("group", "register", "norr-sidan", code=1)

    assert got["error"]["reason"] == "CONTRADICTION"


def test_nothing_is_found_by_nothing(here):
    """An empty table."""
    assert here.first("group", "find", "!")["groups"] == []
