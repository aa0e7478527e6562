"""``context``: which server is asked, and as whom."""

import json
import re

import pytest
from kit.asked import CASE
from placement_client.profile import load

from placement.api.v1 import check_service_pb2 as check
from placement.audit.note import Signer, render_key
from placement.crypto import voprf
from placement.crypto.signing import SigningKey

LOG_KEY = render_key(Signer("example.org/log", SigningKey(bytes(32))).public)
WITNESS_KEYS = [
    render_key(Signer(f"{name}.example", SigningKey(name.encode() * 32), time=7).public)
    for name in "ab"
]


def test_contexts_are_added_used_and_listed(cli):
    """A star marks the one in use; paths become absolute."""
    key = voprf.generate_key().public.encode().hex()
    first = cli.add("b", "--custodian-key", key.upper(), "--label-key", "~/l")
    listed = cli("context", "list")
    used = cli.json("context", "use", "b")
    _, contexts = cli.json("context", "list")

    assert first.stdout == "Added b; in use: here.\n"
    assert re.search(r"^\* +here ", listed.stdout, re.MULTILINE)
    assert used == (0, {"current": "b"})
    assert contexts == {
        "current": "b",
        "contexts": [
            {"name": "b", "server": "b.test:1"},
            {"name": "here", "server": cli.profile.server},
        ],
    }
    assert f'custodian_key = "{key}"' in cli.path.read_text()
    assert re.search('^label_key = "/.*/l"$', cli.path.read_text(), re.MULTILINE)


def test_a_context_pins_the_log_and_its_witnesses(cli):
    """Each key as it was given, and how many witnesses are needed."""
    witnesses = [word for key in WITNESS_KEYS for word in ("--witness", key)]
    first = cli.add("b", "--log-key", LOG_KEY, *witnesses, "--quorum", "2")
    text = cli.path.read_text()
    cli.add("b", "--log-key", LOG_KEY)
    fewer = cli.path.read_text()

    assert first.exit_code == 0
    assert f'log_key = "{LOG_KEY}"' in text
    assert f'witnesses = "{" ".join(WITNESS_KEYS)}"' in text
    assert 'quorum = "2"' in text
    assert f'log_key = "{LOG_KEY}"\nwitnesses = ""\nquorum = ""\n' in fewer


@pytest.mark.parametrize(
    ("pinned", "words", "quorum", "told"),
    [
        (1, (), 1, "the witness cosigned"),
        (2, (), 2, "all 2 witnesses cosigned"),
        (2, ("--quorum", "1"), 1, "1 of 2 witnesses cosigned"),
        (2, ("--quorum", "0"), 0, "0 of 2 witnesses cosigned"),
    ],
)
def test_all_pinned_witnesses_are_needed(cli, pinned, words, quorum, told):
    """Unless it is said how many."""
    keys = [word for key in WITNESS_KEYS[:pinned] for word in ("--witness", key)]
    result = cli.add("b", "--log-key", LOG_KEY, *keys, *words)
    kept = f'quorum = "{quorum or ""}"\n'
    _, data = cli.json(
        *("context", "add", "c", "--server", "b.test:1", "--certificate", "c"),
        *("--key", "k", "--ca", "a", "--log-key", LOG_KEY, *keys, *words),
    )

    assert f"A checkpoint counts when {told} it" in result.stdout
    assert kept in cli.path.read_text()
    assert data == {"name": "c", "current": "here", "quorum": quorum}


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("--log-key", "00"), "log_key (--log-key) must be"),
        (("--quorum", "1"), "log_key (--log-key) must be"),
        (("--log-key", LOG_KEY, "--quorum", "1"), "quorum (--quorum) must be"),
        (("--log-key", LOG_KEY, "--witness", "00"), "witnesses (--witness) must be"),
    ],
)
def test_what_is_no_key_of_the_log_is_refused(cli, words, option):
    """The option is named, the file unchanged."""
    before = cli.path.read_text()
    result = cli.add("b", *words)

    assert result.exit_code == 2
    assert option in result.stderr
    assert cli.path.read_text() == before


def test_a_context_is_removed(cli):
    """The others stay; without the one in use, none is."""
    cli.add("b")
    other = cli("context", "remove", "b")
    cli.add("b")
    current = cli.json("context", "remove", "here")
    last = cli("context", "remove", "b")
    _, contexts = cli.json("context", "list")

    assert other.stdout == "Removed b; in use: here.\n"
    assert current == (0, {"removed": "here", "current": ""})
    assert last.stdout == (
        "Removed b; none is in use; choose one with placement context use.\n"
    )
    assert contexts == {"current": "", "contexts": []}
    assert cli.label_key.exists()


def test_a_context_that_is_not_there_is_not_removed(cli):
    """The file is unchanged, and the name not repeated."""
    before = cli.path.read_text()
    result = cli("context", "remove", "nobody")

    assert result.exit_code == 2
    assert "name (NAME) is no context" in result.stderr
    assert "nobody" not in result.output
    assert cli.path.read_text() == before


def test_another_context_is_used_when_asked_for(cli, wire):
    """By option or by variable, the option first."""
    wire.answers["ShowCase"] = check.ShowCaseResponse()
    cli.add("b")
    got = [
        cli("case", "show", CASE.hex(), "--context", "here").exit_code,
        cli("case", "show", CASE.hex(), PLACEMENT_CONTEXT="b").exit_code,
        cli(
            *("case", "show", CASE.hex(), "--context", "here"), PLACEMENT_CONTEXT="b"
        ).exit_code,
        cli("case", "show", CASE.hex(), "--context", "c").exit_code,
    ]

    assert got == [0, 2, 0, 2]


def test_a_context_that_cannot_be_is_refused(cli):
    """The field is named, the file unchanged."""
    before = cli.path.read_text()
    result = cli.add("b", "--custodian-key", "00")

    assert result.exit_code == 2
    assert "custodian_key (--custodian-key) must be" in result.stderr
    assert cli.path.read_text() == before


def test_json_stays_on_one_line(cli):
    """One object, one line, ASCII."""
    result = cli("context", "list", "--json")

    assert result.stdout.count("\n") == 1
    assert json.loads(result.stdout.encode("ascii"))


def test_custodians_apart_are_pinned(cli):
    """Each with its share; they add up to the one key, or nothing is added."""
    key = voprf.generate_key()
    shares = [share.public.encode().hex() for share in key.split()]
    words = [
        *("--custodian-key", key.public.encode().hex(), "--custodian-ca", "/own.pem"),
        *("--custodian", f"a.test:1={shares[0]}"),
    ]
    alone = cli.add("b", *words)
    both = cli.add("b", *words, "--custodian", f"b.test:2={shares[1]}")

    assert alone.exit_code == 2
    assert "must add up to the custodian_key" in alone.stderr
    assert both.exit_code == 0
    profile = load(cli.path).profile("b")
    assert profile.custodian_ca == "/own.pem"
    assert [pin.address for pin in profile.pins()] == ["a.test:1", "b.test:2"]
