"""Every group by each of its names, as far as the keys of this machine open them."""

from typing import Any

import pytest
from placement_client.label_book import LabelBook, Listing
from placement_client.labels import LabelKey

from placement.api.v1.registry_service_pb2 import RegisteredGroup, RenewedName
from placement.errors import InvalidInputError, TamperedError

KEY = LabelKey(bytes(range(32)))
OTHER = LabelKey(bytes(32))


def registered(name, token, key=KEY, **given: Any):
    new = key.new_group(name)
    return RegisteredGroup(
        token=bytes([token]) * 16,
        fingerprint=new.fingerprint,
        sealed_label=new.sealed_label,
        **given,
    )


def book_of(groups, *keys, **given: Any):
    return LabelBook(keys or (KEY,), Listing(groups=groups, **given))


def book(*names):
    return book_of([registered(name, n) for n, name in enumerate(names)])


def under_both(name, token, old=KEY, new=OTHER, **given: Any):
    """Return a name that is renewed."""
    renewed = new.new_group(name)
    return registered(
        name,
        token,
        old,
        renewed=RenewedName(
            fingerprint=renewed.fingerprint, sealed_label=renewed.sealed_label
        ),
        **given,
    )


def test_names_are_found_in_any_spelling():
    """The book maps names to tokens."""
    got = book("North Side", "South Side")

    assert got.token("north-side") == bytes(16)
    assert got.token("SOUTH SIDE") == bytes([1]) * 16


def test_the_book_is_in_the_order_of_names():
    """People look things up by name."""
    got = [(label.name, label.token[0]) for label in book("b", "a", "c")]

    assert got == [("a", 1), ("b", 0), ("c", 2)]


@pytest.mark.parametrize("name", ["East Side", "", "!"])
def test_an_unknown_name_is_refused_without_repeating_it(name):
    """Neither the name nor a near one stands in the error."""
    with pytest.raises(InvalidInputError) as caught:
        book("North Side", "West Side").token(name, field="rivalry.group_a")
    told = f"{caught.value!r} {caught.value} {caught.value.description}"

    assert caught.value.field == "rivalry.group_a"
    assert not any(word in told for word in ("Side", "side"))


def test_near_names_are_suggested():
    """Likest first, three at most, in the registered spelling."""
    got = book("North Side", "North Sida", "Nord Side", "Northside 2", "Zeta")

    assert "North Side" in got.like("nort side")
    assert len(got.like("nort side")) == 3
    assert got.like("quite different") == ()


def test_two_groups_of_one_name_are_refused():
    """A server that gives a name two tokens is not followed."""
    groups = [registered("North Side", 1), registered("NORTH SIDE", 2)]

    with pytest.raises(TamperedError):
        book_of(groups)


def test_labels_of_another_key_are_counted():
    """One that does not open takes no name from the others, and has none."""
    groups = [
        registered("North Side", 1),
        registered("North Side", 2, OTHER),
        registered("South Side", 3, OTHER),
    ]
    got, other = book_of(groups), book_of(groups, OTHER)

    assert (got.unopened, [label.name for label in got]) == (2, ["North Side"])
    assert got.token("north side") == bytes([1]) * 16
    assert (other.unopened, other.token("north side")) == (1, bytes([2]) * 16)
    with pytest.raises(InvalidInputError):
        got.token("South Side")


def test_a_book_that_opens_is_whole():
    """Nothing is counted that opens."""
    assert book("North Side", "South Side").unopened == 0


def test_one_fingerprint_has_one_group():
    """Also among those that do not open."""
    groups = [registered("North Side", 1), registered("NORTH SIDE", 2)]

    with pytest.raises(TamperedError):
        book_of(groups, OTHER)


def test_nothing_shows_a_name_or_a_key():
    """Book and label print their types."""
    got = book("North Side")
    (label,) = got

    assert [repr(got), repr(label)] == ["LabelBook()", "Label()"]


@pytest.mark.parametrize("keys", [(KEY,), (OTHER,), (KEY, OTHER), (OTHER, KEY)])
def test_a_renewed_name_opens_under_either_key(keys):
    """And is found by either fingerprint, whatever keys a machine has."""
    got = book_of([under_both("North Side", 1)], *keys)

    assert got.unopened == 0
    assert got.token("north side") == bytes([1]) * 16


def test_a_name_that_is_not_renewed_needs_the_key_in_force():
    """Until whoever replaces it comes to it."""
    groups = [under_both("North Side", 1), registered("South Side", 2)]
    got = book_of(groups, OTHER)

    assert (got.unopened, [label.name for label in got]) == (1, ["North Side"])


def test_a_group_has_several_names():
    """Each finds it; it is called by the first that it got, if that opens."""
    groups = [
        registered("Zeta", 1),
        registered("Alpha", 1, further=True),
        registered("Closed", 2, OTHER),
        registered("Beta", 2, further=True),
    ]
    got = book_of(groups)

    assert got.names == {bytes([1]) * 16: "Zeta", bytes([2]) * 16: "Beta"}
    assert got.token("alpha") == got.token("zeta") == bytes([1]) * 16
    assert [(label.name, label.further) for label in got] == [
        ("Alpha", True),
        ("Beta", True),
        ("Zeta", False),
    ]


def test_a_merged_group_has_a_chief():
    """One that was not is its own."""
    chief = bytes([9]) * 16
    groups = [registered("a", 1, merged_into=chief), registered("b", 2)]

    assert [label.chief for label in book_of(groups)] == [chief, bytes([2]) * 16]


def test_names_are_registered_under_the_key_in_force():
    """The service says which it is; before it names one, the context does."""
    assert book_of([], KEY, OTHER).key is KEY
    assert book_of([], KEY, OTHER, key_id=OTHER.id).key is OTHER
    with pytest.raises(InvalidInputError) as caught:
        _ = book_of([], KEY, key_id=OTHER.id).key
    assert caught.value.field == "label_key"


def test_doubles_are_found_before_they_are_made():
    """Typing errors, diacritics, other orders of words; nothing that is another name."""
    got = book("Vårby nätverket", "North Side")

    assert [one.name for one in got.doubles("Natverket Varby")] == ["Vårby nätverket"]
    assert [one.name for one in got.doubles("Nort Side")] == ["North Side"]
    assert got.doubles("South Side") == []
    assert got.doubles("NORTH-SIDE") == []  # the service refuses it
