"""An erasure over the wire: looked for, proposed, done, and seen by who audits."""

import sqlite3
from contextlib import closing

import grpc
import pytest
from kit.engines import details
from kit.erasing import old_fact, proposed
from kit.town import GROUND, Refused, Town, fresh

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import erasure_service_pb2 as wire
from placement.api.v1 import registry_service_pb2 as registry
from placement.store import fsck
from placement.store.chain import ChainError


@pytest.fixture
def town(tmp_path):
    with Town(tmp_path) as town:
        yield town


def approving(change):
    return wire.ApproveErasureRequest(request_id=fresh(), change_id=change)


def expired(town, who="coordinator"):
    request = wire.ListExpiredRequest()
    listed = town.done(who, "ListExpired", request, wire.ListExpiredResponse)
    return [each.id for each in listed.expired]


def test_what_is_erased_is_gone_from_everything_but_the_count(town):
    """From state, list, database and key store; chain, tree and entries are whole."""
    fact, kept = old_fact(town), old_fact(town, "0180")
    listed = expired(town)
    change = proposed(town, fact)
    shown = town.done(
        "second",
        "ShowChange",
        registry.ShowChangeRequest(change_id=change),
        registry.ShowChangeResponse,
    )
    own = town.call("coordinator", "ApproveErasure", approving(change))
    other_way = town.call(
        "second",
        "ApproveChange",
        registry.ApproveChangeRequest(request_id=fresh(), change_id=change),
    )
    town.done(
        "second", "ApproveErasure", approving(change), wire.ApproveErasureResponse
    )
    town.settled()
    store = town.store

    assert set(listed) == {fact, kept}
    assert [(item.fact_id, item.erased) for item in shown.items] == [(fact, True)]
    assert isinstance(own, Refused)
    assert own.code is grpc.StatusCode.PERMISSION_DENIED
    assert isinstance(other_way, Refused)
    assert other_way.reason == "CONTRADICTION"
    assert expired(town) == [kept]
    assert (fact in town.state().facts, kept in town.state().facts) == (False, True)
    assert fsck.verify(store, deeper=True).leaves == len(details(store))


def test_whoever_audits_sees_that_it_was_erased(town):
    """Under a kind of its own, and by whom."""
    change = proposed(town, old_fact(town))
    town.done(
        "second", "ApproveErasure", approving(change), wire.ApproveErasureResponse
    )
    town.settled()
    request = audit.ListEntriesRequest(
        ground=GROUND,
        filter=audit.EntryFilter(first_index=0, kind="ERASURE"),
        page_size=10,
    )
    found = town.done("auditor", "ListEntries", request, audit.ListEntriesResponse)

    assert len(found.entries) == 1


def test_a_server_that_starts_again_knows_no_more(town, tmp_path):
    """And one whose keys somebody took does not start."""
    fact, kept = old_fact(town), old_fact(town, "0180")
    change = proposed(town, fact)
    town.done(
        "second", "ApproveErasure", approving(change), wire.ApproveErasureResponse
    )
    town.served.stop()
    town.served.start()
    with town.through(town.served.port):
        again = expired(town)
    town.served.stop()
    with closing(sqlite3.connect(tmp_path / "placement.keys.db")) as keys:
        taken = keys.execute("SELECT * FROM data_key WHERE name = ?", (kept,))
        (row,) = taken.fetchall()
        keys.execute("DELETE FROM data_key WHERE name = ?", (kept,))
        keys.commit()
        with pytest.raises(ChainError):
            town.served.start()
        keys.execute("INSERT INTO data_key VALUES (?, ?)", row)
        keys.commit()
    town.served._error = None
    town.served.start()  # with the key put back, all is as it was

    assert again == [kept]
