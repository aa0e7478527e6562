"""What can't be searched for is refused, and no number that slipped in is kept."""

import pytest
from kit.asking import EVERYTHING, WITNESSED
from kit.bad_search import (
    BOUNDLESS,
    FILTERED,
    FILTERS,
    GROUNDS,
    LOG,
    NUMBERS,
    OTHERS,
    PERIODS,
    SEARCHES,
    WHO,
)
from kit.town import GROUND, PATHS, Refused, Town

from placement.api.v1 import audit_service_pb2 as audit
from placement.domain.terms import MICROS_A_DAY
from placement.rpc.methods import METHODS


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """One server for the whole file: whatever is refused changes nothing."""
    with Town(tmp_path_factory.mktemp("town"), **WITNESSED) as town:
        yield town


def invalid(town, who, method, request, field):
    """Hold a refusal to naming one field, to its entry, and to repeating nothing."""
    before = town.head()
    got = town.call(who, method, request)
    after = town.head()
    (entry,), (details,) = town.entries(before.leaves), town.details(before.leaves)

    assert isinstance(got, Refused)
    assert (got.code.name, got.reason) == ("INVALID_ARGUMENT", "INVALID_INPUT")
    assert got.fields == [field]
    assert (after.revision, after.leaves) == (before.revision, before.leaves + 1)
    assert (entry.action, entry.outcome) == (METHODS[PATHS[method]].name, got.reason)
    assert entry.person
    said = f"{got.text} {got.metadata} {entry} {details}"
    assert [number for number in NUMBERS if number in said] == []


def numbered(cases):
    """Give each case an id of its own."""
    return [
        pytest.param(*case, id=f"{number}-{case[-1]}")
        for number, case in enumerate(cases)
    ]


@pytest.mark.parametrize("method", SEARCHES)
@pytest.mark.parametrize(("ground", "field"), numbered(GROUNDS))
def test_grounds(town, method, ground, field):
    """A purpose that there is, and a case number that can be nobody's number."""
    invalid(town, "auditor", method, SEARCHES[method](ground=ground), field)


@pytest.mark.parametrize("method", SEARCHES)
def test_no_ground(town, method):
    """Nobody looks without saying why."""
    request = SEARCHES[method]()
    request.ClearField("ground")

    invalid(town, "auditor", method, request, "ground.purpose")


@pytest.mark.parametrize("method", FILTERED)
@pytest.mark.parametrize(("given", "field"), numbered(FILTERS))
def test_filters(town, method, given, field):
    """Words that no entry has, and numbers that no log has."""
    request = SEARCHES[method](filter=audit.EntryFilter(**given))

    invalid(town, "auditor", method, request, f"filter.{field}")


@pytest.mark.parametrize("method", ["ListEntries", "ExportEntries"])
@pytest.mark.parametrize(("given", "field"), numbered(PERIODS))
def test_periods(town, method, given, field):
    """Empty ones, and such as end beyond every clock."""
    request = SEARCHES[method](filter=audit.EntryFilter(**given))

    invalid(town, "auditor", method, request, f"filter.{field}")


@pytest.mark.parametrize("method", ["ListEntries", "ExportEntries"])
@pytest.mark.parametrize("number", range(len(BOUNDLESS)))
def test_everything_needs_a_beginning(town, method, number):
    """Nobody reads the whole log by leaving something out."""
    request = SEARCHES[method](filter=audit.EntryFilter(**BOUNDLESS[number]))

    invalid(town, "auditor", method, request, "filter")


@pytest.mark.parametrize(("method", "given", "field"), numbered(OTHERS))
def test_other_fields(town, method, given, field):
    """Of searches."""
    invalid(town, "auditor", method, SEARCHES[method](**given), field)


@pytest.mark.parametrize(("method", "request_", "field"), numbered(LOG))
def test_the_log_as_a_whole(town, method, request_, field):
    """Numbers that no log has, and notes that no witness signed."""
    invalid(town, WHO.get(method, "auditor"), method, request_, field)


# Page tokens


def page(town, who="auditor", **given):
    request = SEARCHES["ListEntries"](**given)
    return town.done(who, "ListEntries", request, audit.ListEntriesResponse)


@pytest.mark.parametrize("method", ["ListEntries", "TailEntries"])
def test_a_token_of_somebody_else(town, method):
    """Not even of a colleague with the same search."""
    token = page(town).next_page_token
    field = "page_token"
    if method == "TailEntries":
        request = SEARCHES["TailEntries"]().SerializeToString()
        ask = town.channel("auditor").unary_stream(PATHS["TailEntries"])
        stream = ask(request, timeout=5)
        token = audit.TailEntriesResponse.FromString(next(stream)).resume_token
        stream.cancel()
        field = "resume_token"

    invalid(town, "second-auditor", method, SEARCHES[method](**{field: token}), field)
    assert isinstance(
        town.call("auditor", method, SEARCHES[method](**{field: token})), bytes
    )


def test_a_token_of_another_search(town):
    """Under another filter, or of following."""
    token = page(town).next_page_token
    other = SEARCHES["ListEntries"](
        filter=audit.EntryFilter(first_index=1), page_token=token
    )

    invalid(town, "auditor", "ListEntries", other, "page_token")
    follow = SEARCHES["TailEntries"](filter=EVERYTHING, resume_token=token)
    invalid(town, "auditor", "TailEntries", follow, "resume_token")


@pytest.mark.parametrize("place", [0, 3, 4, 20, -1])
def test_a_token_that_was_altered(town, place):
    """Any byte of it."""
    token = bytearray(page(town).next_page_token)
    token[place] ^= 1
    request = SEARCHES["ListEntries"](page_token=bytes(token))

    invalid(town, "auditor", "ListEntries", request, "page_token")


# What is kept


def test_no_number_is_in_the_log(town):
    """After all of the above, whatever order it ran in."""
    for number in NUMBERS:
        for field in ("person", "organisation", "reference"):
            given = {"organisation": "1280"} | {field: number}
            invalid(
                town,
                "auditor",
                "ListEntries",
                SEARCHES["ListEntries"](filter=audit.EntryFilter(**given)),
                f"filter.{field}",
            )
    leaves = town.store.entries(0, 10_000)
    kept = b"".join(leaf.entry + town.store.leaves.details(leaf) for leaf in leaves)

    assert len(kept) > 1000
    assert [number for number in NUMBERS if number.encode() in kept] == []


def test_a_search_that_finds_nothing_is_no_refusal(town):
    """A period before everything; and the search is an entry."""
    first = town.head().leaves
    got = page(town, filter=audit.EntryFilter(since=0, until=MICROS_A_DAY))

    assert (list(got.entries), got.next_page_token, got.size) == ([], b"", first + 1)
    (entry,), (details,) = town.entries(first), town.details(first)
    assert entry.purpose == audit.AuditPurpose.Name(GROUND.purpose).removeprefix(
        "AUDIT_PURPOSE_"
    )
    assert details.outline.search == f"matter=DI 2026-17 since=0 until={MICROS_A_DAY}"
