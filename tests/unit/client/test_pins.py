"""Custodians are pinned so that a slip is found before anybody is asked."""

import pytest
from placement_client.pins import Pin, is_address, parse_key, parse_pins

from placement.crypto import voprf
from placement.errors import InvalidInputError

KEY = voprf.generate_key()
SHARES = [share.public for share in KEY.split()]
ONE, TWO = (share.encode().hex() for share in SHARES)


def test_without_any_the_service_itself_is_the_custodian():
    """As on one machine."""
    assert parse_pins("", KEY.public) == (Pin("", KEY.public),)


def test_one_who_holds_the_whole_key():
    """Apart, but alone."""
    text = f"police.example:8444={KEY.public.encode().hex()}"

    assert parse_pins(text, KEY.public) == (Pin("police.example:8444", KEY.public),)


@pytest.mark.parametrize("between", [" ", "  ", "\n"])
def test_two_who_hold_it_together(between):
    """In the order given; capitals do no harm to a key."""
    text = f"a.example:1={ONE.upper()}{between}[::1]:65535={TWO}"

    assert parse_pins(text, KEY.public) == (
        Pin("a.example:1", SHARES[0]),
        Pin("[::1]:65535", SHARES[1]),
    )


NO_KEY = (
    "must be host:port=KEY; =KEY is missing, the public key of its share, 66 hex digits"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" ", "must be one, or two at two addresses"),
        (f"a:1={ONE} a:1={TWO}", "must be one, or two at two addresses"),
        (f"a:1={ONE} b:1={TWO} c:1={ONE}", "must be one, or two at two addresses"),
        (f"a:1={ONE} b:1={ONE}", "must hold two different shares"),
        (f"a:1={ONE}", "must add up to the custodian_key"),
        (
            f"a:1={ONE} b:1={voprf.generate_key().public.encode().hex()}",
            "must add up to the custodian_key",
        ),
        (f"a={ONE}", "must be host:port=KEY"),
        (f"a:0={ONE}", "must be host:port=KEY"),
        (f"a:65536={ONE}", "must be host:port=KEY"),
        (f"={ONE}", "must be host:port=KEY"),
        (ONE, "must be host:port=KEY"),
        ("a:1", NO_KEY),
        ("a:1=00", "must be the custodian's public key, 66 hex digits"),
        (f"a:1={ONE}=", "must be the custodian's public key, 66 hex digits"),
    ],
    ids=range(14),  # keys are drawn, and are no names
)
def test_what_does_not_fit_is_refused(text, expected):
    """Nothing is passed over, and nothing is guessed."""
    with pytest.raises(InvalidInputError) as refused:
        parse_pins(text, KEY.public)

    assert (refused.value.field, refused.value.description) == ("custodians", expected)


def test_a_key_that_is_none_names_its_field():
    """The one that was typed."""
    with pytest.raises(InvalidInputError) as refused:
        parse_key("zz", "custodian_key")

    assert refused.value.field == "custodian_key"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a.example:1", True), ("[::1]:8443", True), ("a", False), ("a:0", False)],
)
def test_an_address_has_host_and_port(text, expected):
    """As gRPC takes it."""
    assert is_address(text) is expected
