"""``context follow`` and ``settle``: which key follows on the pinned one."""

import pytest
from placement_client.profile import load

from placement.crypto import voprf
from placement.crypto.shares import whole

FIRST, SECOND = voprf.generate_key().split()
NEXT = whole([FIRST.public, SECOND.public]).encode().hex()
PINS = [
    f"a.test:1={FIRST.public.encode().hex()}",
    f"b.test:1={SECOND.public.encode().hex()}",
]
APART = [word for pin in PINS for word in ("--custodian", pin)]


def pinned(cli):
    profile = load(cli.path).profile()
    return (
        profile.custodian_key,
        profile.custodians,
        profile.next_custodian_key,
        profile.next_custodians,
    )


@pytest.mark.parametrize("apart", [False, True])
def test_a_key_follows_and_settles(cli, apart):
    """First beside the pinned one, then in its place."""
    words = APART if apart else []
    pins = " ".join(PINS) if apart else ""
    before = cli.profile.custodian_key
    followed = cli.json("context", "follow", NEXT.upper(), *words)
    beside = pinned(cli)
    settled = cli.json("context", "settle")

    assert followed == (0, {"name": "here", "next_custodian_key": NEXT})
    assert beside == (before, "", NEXT, pins)
    assert settled == (0, {"name": "here", "custodian_key": NEXT})
    assert pinned(cli) == (NEXT, pins, "", "")


def test_a_key_that_was_given_up_is_forgotten(cli):
    """The pinned one stays."""
    before = pinned(cli)
    cli("context", "follow", NEXT)
    code, data = cli.json("context", "settle", "--back")

    assert (code, data["custodian_key"]) == (0, before[0])
    assert pinned(cli) == before


def test_another_context_can_be_meant(cli):
    """The one in use stays in use, and as it is."""
    key = cli.profile.custodian_key
    cli.add("b", "--custodian-key", key)
    code, data = cli.json("context", "follow", NEXT, "--context", "b")

    assert (code, data["name"]) == (0, "b")
    assert load(cli.path).profile("b").next_custodian_key == NEXT
    assert load(cli.path).current == "here"
    assert pinned(cli)[2] == ""


@pytest.mark.parametrize(
    "words",
    [
        ("follow", "00"),
        ("follow", NEXT, "--custodian", PINS[0]),
        ("settle",),
        ("settle", "--back"),
    ],
    ids=["no key", "inside and apart", "nothing to keep", "nothing to give up"],
)
def test_what_can_not_follow(cli, words):
    """No key, shares that do not make it, or none at all."""
    before = cli.path.read_bytes()
    result = cli("context", *words)

    assert result.exit_code == 2
    assert cli.path.read_bytes() == before


def test_the_pinned_key_does_not_follow_on_itself(cli):
    """Nor one on none."""
    same = cli("context", "follow", cli.profile.custodian_key)
    cli.add("b")
    alone = cli("context", "follow", NEXT, "--context", "b")

    assert (same.exit_code, alone.exit_code) == (2, 2)
    assert "must be another than the custodian_key" in same.stderr
