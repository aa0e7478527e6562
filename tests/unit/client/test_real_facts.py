"""What becomes of facts, typed by two coordinators before the whole server."""

import json
from datetime import timedelta

import pytest
from kit.noon import TODAY
from kit.people import people
from kit.terminal import run

SOURCE = ("--grade", "2B", "--reason", "intelligence")


def day(ahead):
    return (TODAY + timedelta(days=ahead)).isoformat()


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two coordinators before a server, and three groups."""
    with people(tmp_path_factory.mktemp("served")) as become:
        first = become("coordinator", "syd", "co-01")
        first("group", "register", "North", "South", "East")
        yield first, become("coordinator", "syd", "co-02")


def recorded(who, area, *options):
    """Record where a group is; return the fact's id."""
    said = ("--group", "North", "--area", area, "--kind", "active", *SOURCE)
    (fact,) = who("fact", "record", "presence", *said, *options)["fact_ids"]
    return fact


def shown(who, fact):
    return who("fact", "show", fact)["fact"]


def queue(who):
    """Return by fact why somebody has to look at it."""
    found = who("review", "list")["facts"]
    return {each["fact_id"]: each["reasons"] for each in found}


def test_what_nobody_has_to_think_of(two):
    """A fact is to be looked at again in a year."""
    first, _ = two

    assert shown(first, recorded(first, "1480"))["review_by"] == day(365)


def test_a_fact_is_doubted_and_renewed(two):
    """By either; whoever has looked takes the doubt away."""
    first, second = two
    fact = recorded(first, "1280", "--review-by", day(20))
    before = queue(first)[fact]
    second("fact", "contest", fact, "--reason", "outdated")
    doubted = queue(first)[fact]
    second("fact", "contest", fact, "--withdraw")
    again = queue(first)[fact]
    first("fact", "contest", fact, "--reason", "source")
    second("review", "renew", fact, "--until", day(300), "--reason", "incident")

    assert (before, doubted, again) == (["DUE"], ["DUE", "CONTESTED"], ["DUE"])
    assert fact not in queue(first)
    assert shown(first, fact)["review_by"] == day(300)


def test_a_walk_through_the_queue(two):
    """One is renewed, one doubted, one ended; what is due no more is not asked about."""
    first, second = two
    facts = [
        recorded(first, area, "--review-by", day(ahead))
        for ahead, area in enumerate(("1281", "1282", "1283"), 1)
    ]
    kept, doubted, over = facts
    words = "renew\nintelligence\ncontest\noutdated\nend\ntoday\n"
    walk = ("review", "next", "--reason", "due", "--until", day(100), "--json")
    shown_and_told = run(
        walk, stdin=words, PLACEMENT_CONFIG=str(first.folder / "contexts.toml")
    )
    walked = json.loads(shown_and_told.stdout.splitlines()[-1])
    (change,) = walked["change_ids"]
    second("change", "approve", change)

    assert walked["done"] == {"renew": 1, "contest": 1, "end": 1}
    assert shown(first, kept)["review_by"] == day(100)
    left = {fact: why for fact, why in queue(first).items() if fact in facts}
    assert left == {doubted: ["DUE", "CONTESTED"]}
    assert shown(first, over)["state"] == "ENDED"


def test_a_change_that_is_taken_back(two):
    """By whoever made it; or by a colleague. Then the fact can be proposed again."""
    first, second = two
    said = ("--group", "South", "--group", "East", "--severity", "3", *SOURCE)
    made = first("fact", "record", "rivalry", *said)
    (fact,), (change,) = made["fact_ids"], made["change_ids"]
    second("change", "withdraw", change, code=1)
    first("change", "withdraw", change)
    withdrawn = first("fact", "list", "--kind", "rivalry")["facts"]
    again = first("fact", "record", "rivalry", *said)
    second("change", "reject", again["change_ids"][0])
    last = first("fact", "record", "rivalry", *said)
    second("change", "approve", last["change_ids"][0])

    assert fact in {each["fact_id"] for each in withdrawn}
    assert shown(first, last["fact_ids"][0])["state"] == "STANDING"


def test_a_picture_that_nobody_has_looked_at(two):
    """Each area of the region stands there until its coverage is attested."""
    first, _ = two
    before = first("coverage", "show", "--stale")["areas"]
    first("coverage", "attest", "--area", "1280", "--on", "today")
    after = first("coverage", "show", "--stale")["areas"]

    assert {each["area"] for each in before} - {each["area"] for each in after} == {
        "1280"
    }


def test_which_fact_of_a_file_contradicts(two, tmp_path):
    """In whichever order it names two groups; the others are not named."""
    first, _ = two
    source = {"grade": {"scheme": "3x5x2", "given": "2B"}, "reason": "intelligence"}
    pairs = [("North", "South"), ("South", "North"), ("North", "East")]
    allied, *links = [
        {"alliance": {"group_a": one, "group_b": other}, **source}
        for one, other in (pairs[0], *pairs)
    ]

    def file(*facts):
        path = tmp_path / f"{len(facts)}.json"
        path.write_text(json.dumps({"facts": facts}), "utf-8")
        return ("fact", "record", "--file", path)

    first(*file(allied))
    notes = first(*file(*links), code=1)["error"]["notes"]
    named = {note for note in notes if note.startswith("facts[")}

    assert named == {"facts[0] contradicts", "facts[1] contradicts"}
