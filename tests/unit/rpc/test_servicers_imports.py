"""Imports over a live server: staged, read, approved, taken over, and refused."""

import time

import pytest
from kit.town import Refused, Town, fresh

from placement.api.v1 import import_service_pb2 as wire
from placement.api.v1 import types_pb2
from placement.domain.imports import first_digest, next_digest


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with Town(tmp_path_factory.mktemp("town")) as town:
        yield town


def row(town, **presence):
    return wire.ImportRow(fact=town.fact_of(presence=town.presence(**presence)))


def over(rows):
    digest = first_digest()
    for each in rows:
        digest = next_digest(digest, each.SerializeToString(deterministic=True))
    return digest


def begin(town, rows=1, who="coordinator"):
    request = wire.BeginImportRequest(request_id=fresh(), rows=rows)
    return town.done(who, "BeginImport", request, wire.BeginImportResponse).import_id


def append(town, key, rows, position=0):
    request = wire.AppendRowsRequest(import_id=key, position=position, rows=rows)
    return town.call("coordinator", "AppendRows", request)


def show(town, key, who="coordinator", after=0):
    request = wire.ShowImportRequest(import_id=key, refused_after=after)
    return town.done(who, "ShowImport", request, wire.ShowImportResponse)


def finish(town, key, rows):
    request = wire.FinishImportRequest(import_id=key, digest=over(rows))
    return town.done("coordinator", "FinishImport", request, wire.FinishImportResponse)


def approve(town, key, digest, who="second"):
    request = wire.ApproveImportRequest(
        request_id=fresh(), import_id=key, digest=digest
    )
    return town.call(who, "ApproveImport", request)


def done(town, key):
    for _ in range(400):
        found = getattr(show(town, key), "import")
        if found.state == wire.IMPORT_STATE_DONE:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def test_from_the_first_row_to_the_last(town):
    """The second person reads the rows that were sent; what no longer fits is told."""
    low, high = sorted((town.group, town.other))
    rivals = types_pb2.Rivalry(group_a=low, group_b=high, severity=2)
    rivalry = wire.ImportRow(fact=town.fact_of(rivalry=rivals))
    rows = [row(town, area="1281"), rivalry, rivalry]
    key = begin(town, 3)
    append(town, key, rows[:2])
    append(town, key, rows[2:], position=2)
    waiting = getattr(finish(town, key, rows), "import")
    read = []
    while len(read) < 3:
        request = wire.ReadRowsRequest(import_id=key, position=len(read))
        page = town.done("second", "ReadRows", request, wire.ReadRowsResponse)
        read += page.rows
    approve(town, key, over(rows))
    found = done(town, key)

    assert (waiting.state, waiting.staged) == (wire.IMPORT_STATE_WAITING, 3)
    assert waiting.expires_at > 0
    assert over(read) == over(rows) == waiting.digest
    assert (found.taken, found.refused, found.approved_by) == (3, 1, "co-02")
    assert found.expires_at == 0
    contradiction = wire.ROW_REFUSAL_CONTRADICTION
    told = wire.RefusedRow(position=2, reason=contradiction)
    assert list(show(town, key).refused) == [told]
    assert list(show(town, key, after=1).refused) == []


def test_an_end(town):
    """A row that ends a fact is read as such."""
    end = wire.RowEnd(fact_id=town.fact, valid_to_day=town.today)
    rows = [wire.ImportRow(end=end)]
    key = begin(town)
    append(town, key, rows)
    request = wire.ReadRowsRequest(import_id=key)
    read = town.done("second", "ReadRows", request, wire.ReadRowsResponse)

    assert list(read.rows) == rows
    cancel = wire.CancelImportRequest(request_id=fresh(), import_id=key)
    town.done("second", "CancelImport", cancel, wire.CancelImportResponse)
    listed = town.done(
        "coordinator",
        "ListImports",
        wire.ListImportsRequest(),
        wire.ListImportsResponse,
    ).imports
    states = {each.import_id: each.state for each in listed}
    assert states[key] == wire.IMPORT_STATE_CANCELLED


def person_row(town):
    someone = types_pb2.Person(pseudonym=fresh(32))
    tie = types_pb2.Tie(person=someone, area="1480")
    return wire.ImportRow(fact=town.fact_of(tie=tie))


def turned_row(town):
    low, high = sorted((town.group, town.other))
    allies = types_pb2.Alliance(group_a=high, group_b=low)
    return wire.ImportRow(fact=town.fact_of(alliance=allies))


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (person_row, "rows[0].fact.tie.person.pseudonym"),
        (lambda town: wire.ImportRow(), "rows[0]"),
        (turned_row, "rows[0].fact.alliance"),
        (
            lambda town: wire.ImportRow(end=wire.RowEnd(fact_id=b"short")),
            "rows[0].end.fact_id",
        ),
        (
            lambda town: wire.ImportRow(
                fact=town.fact_of(presence=town.presence()),
                end=wire.RowEnd(fact_id=bytes(16), valid_to_day=10**6),
            ),
            "rows[0].end.valid_to_day",
        ),
    ],
    ids=["person", "nothing", "order", "id", "day"],
)
def test_bad_rows(town, make, field):
    """The field is named, and nothing is staged."""
    key = begin(town)
    refused = append(town, key, [make(town)])
    staged = getattr(show(town, key), "import").staged
    cancel = wire.CancelImportRequest(request_id=fresh(), import_id=key)
    town.done("coordinator", "CancelImport", cancel, wire.CancelImportResponse)

    assert isinstance(refused, Refused)
    assert refused.fields == [field]
    assert staged == 0


def test_the_same_person_does_not_approve(town):
    """Nor does anybody who names other rows."""
    rows = [row(town, area="1282")]
    key = begin(town)
    append(town, key, rows)
    finish(town, key, rows)

    own = approve(town, key, over(rows), who="coordinator")
    other = approve(town, key, over([]))

    assert (own.reason, other.reason) == ("ACCESS_DENIED", "CONTRADICTION")
