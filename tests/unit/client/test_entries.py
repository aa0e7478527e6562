"""An entry from the wire is what it committed to, or it is refused."""

import os

import pytest
from kit.access_log import OUTLINE, entry, log_entry
from placement_client.entries import Order, opened

from placement.api.v1.audit_service_pb2 import LogEntry
from placement.audit.details import Details, Sealed
from placement.audit.entry import parse, render
from placement.audit.merkle import leaf_hash
from placement.errors import TamperedError


def altered(sent, **fields):
    changed = LogEntry()
    changed.CopyFrom(sent)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def test_an_entry_is_read_and_opened():
    """Fields, outline and leaf hash."""
    sent = log_entry(7)
    read = opened(sent)

    assert read.index == 7
    assert read.entry == parse(sent.entry)
    assert read.outline == OUTLINE
    assert read.leaf_hash == leaf_hash(sent.entry)


def test_what_the_law_took_is_not_there():
    """An entry stays readable without its details."""
    read = opened(altered(log_entry(7), details=b""))

    assert read.outline is None
    assert read.entry.action == "CHECK"


@pytest.mark.parametrize(
    "changes",
    [
        {"details": log_entry(7).details},
        {"details": b"\xff"},
        {"entry": log_entry(7).entry},
        {"entry": b""},
        {"entry": b"\x01garbage"},
    ],
)
def test_what_does_not_verify_is_refused(changes):
    """Details of another entry, an entry of other details, garbage."""
    with pytest.raises(TamperedError):
        opened(altered(log_entry(7), **changes))


def test_details_without_an_outline_are_refused():
    """No auditor's entry hides its outline, even under the right commitment."""
    sealed = Sealed.of(Details(), os.urandom(64))
    hidden = sealed.outline.bytes(shown=False) + sealed.matter.bytes(shown=False)
    sent = LogEntry(entry=render(entry(details=sealed.commitment)), details=hidden)

    with pytest.raises(TamperedError):
        opened(sent)


def test_every_changed_bit_of_the_details_is_found():
    """The commitment covers salt, length and content."""
    sent = log_entry(7)
    for place in range(len(sent.details)):
        content = bytearray(sent.details)
        content[place] ^= 1

        with pytest.raises(TamperedError):
            opened(altered(sent, details=bytes(content)))


def test_entries_come_in_the_order_of_the_log():
    """With gaps where a filter left some out."""
    order = Order()
    read = order.read([log_entry(0), log_entry(2)])
    more = order.read([log_entry(9)])

    assert [each.index for each in (*read, *more)] == [0, 2, 9]
    assert order.last == 9


@pytest.mark.parametrize("index", [0, 3, 4])
def test_an_entry_that_comes_again_or_too_late_is_refused(index):
    """The log can't go back."""
    order = Order(4)

    with pytest.raises(TamperedError):
        order.read([log_entry(index)])
