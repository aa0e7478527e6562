"""Groups and facilities: names never leave the machine."""

import grpc
import pytest
from kit.asked import CHANGE, NORTH, SOUTH, ids
from kit.wire import refusal
from placement_client.labels import LabelKey, create_label_key

from placement.access import Role
from placement.api.v1 import registry_service_pb2 as registry

CODE = grpc.StatusCode


# group


@pytest.fixture
def nothing_registered(wire):
    wire.answers["ListGroups"] = registry.ListGroupsResponse()


@pytest.fixture
def another_key(cli, groups):
    """Give this context a label key that is not the registered groups'."""
    cli.label_key.unlink()
    create_label_key(cli.label_key)


def test_groups_are_registered_without_their_names(cli, wire, nothing_registered):
    """Fingerprint and sealed label go out; the name comes back beside its token."""
    wire.answers["RegisterGroups"] = registry.RegisterGroupsResponse(
        revision=9, tokens=[NORTH, SOUTH]
    )
    got = cli.json("group", "register", "North Side", "South Side")
    (request,) = wire.requests("RegisterGroups")
    key = LabelKey.read(cli.label_key)

    assert got == (
        0,
        {
            "revision": 9,
            "groups": [
                {"token": NORTH.hex(), "name": "North Side"},
                {"token": SOUTH.hex(), "name": "South Side"},
            ],
        },
    )
    assert [key.open(g.fingerprint, g.sealed_label) for g in request.groups] == [
        "North Side",
        "South Side",
    ]
    assert b"Side" not in request.SerializeToString()


def test_groups_are_listed_by_name(cli, groups):
    """Labels open on this machine."""
    result = cli("group", "list")
    _, data = cli.json("group", "list")

    assert "North Side" in result.stdout
    assert result.stderr == "2 groups.\n"
    assert [each["name"] for each in data["groups"]] == ["North Side", "South Side"]


def test_groups_of_another_key_are_counted(cli, wire, groups):
    """The others are listed all the same; the warning stands beside them."""
    mine = wire.answers["ListGroups"]
    new = LabelKey(bytes(32)).new_group("North Side")
    other = registry.RegisteredGroup(
        token=CHANGE, fingerprint=new.fingerprint, sealed_label=new.sealed_label
    )
    wire.answers["ListGroups"] = registry.ListGroupsResponse(
        groups=[*mine.groups, other]
    )
    result = cli("group", "list")
    _, data = cli.json("group", "list")

    assert result.exit_code == 0
    assert result.stderr.startswith("1 name of groups can't be opened")
    assert result.stderr.endswith("placement label-key fetch\n2 groups.\n")
    assert [each["name"] for each in data["groups"]] == ["North Side", "South Side"]


@pytest.mark.parametrize(
    "words",
    [
        ("group", "list"),
        (
            *("fact", "record", "alliance", "--grade", "2B", "--reason", "court"),
            *("--group", "North Side", "--group", NORTH.hex()),
        ),
    ],
    ids=["list", "look-up"],
)
def test_a_book_under_another_key_says_so(cli, another_key, words):
    """No name is found, and the reason is told."""
    result = cli(*words)

    assert "2 names of groups can't be opened" in result.stderr
    assert "placement label-key fetch" in result.stderr
    assert "There is nothing to list" not in result.stdout
    assert "North Side" not in result.stdout


@pytest.mark.parametrize(
    ("role", "organisation", "phrase"),
    [
        (
            Role.COORDINATOR,
            "vast",
            "is not set in this context; run placement label-key",
        ),
        (Role.CASEWORKER, "1480", "is for coordinators: they register and list groups"),
        (Role.AUDITOR, "review", "is for coordinators: they register and list groups"),
    ],
)
def test_without_a_label_key_its_holders_are_named(  # noqa: PLR0917 (fixtures)
    cli, pki, wire, role, organisation, phrase
):
    """A coordinator is told how to get it, anybody else whose it is."""
    cli.become(pki.client(role, organisation, "p-01"), label_key="")
    for words in (("group", "list"), ("group", "register", "North Side")):
        code, data = cli.json(*words)

        assert (code, data["error"]["field"]) == (2, "label_key")
        assert data["error"]["description"].startswith(phrase)
    assert wire.seen == []


def test_nothing_is_registered_under_another_key(cli, wire, another_key):
    """One group under two keys would be two groups for good."""
    code, data = cli.json("group", "register", "North Side")

    assert (code, data["error"]["field"]) == (2, "label_key")
    assert "does not open every name" in data["error"]["description"]
    assert wire.requests("RegisterGroups") == []


def test_an_old_mistake_does_not_close_the_register(cli, wire, another_key):
    """Whoever says so may register beside what another key has left."""
    wire.answers["RegisterGroups"] = registry.RegisterGroupsResponse(
        revision=9, tokens=[NORTH]
    )
    words = ("group", "register", "East Side", "--beside-another-key")

    assert cli(*words).exit_code == 0


@pytest.mark.parametrize(
    ("words", "method"),
    [
        (("register", "Aaa", "NORTH-SIDE", "Bbb"), "RegisterGroups"),
        (("alias", "South Side", "Aaa", "NORTH-SIDE"), "NameGroups"),
    ],
)
def test_of_several_names_it_is_said_which_is_registered(
    cli, wire, groups, words, method
):
    """On the screen alone: no error holds a name."""
    wire.answers[method] = refusal(grpc.StatusCode.FAILED_PRECONDITION, "CONTRADICTION")
    result = cli("group", *words)
    _, data = cli.json("group", *words)

    assert "Registered already: NORTH-SIDE (as North Side).\n" in result.stderr
    assert "NORTH" not in str(data)


@pytest.mark.parametrize(
    "names",
    [("North Side", "north-side"), ("!",), tuple(f"g{n}" for n in range(101))],
    ids=["twice", "no name", "too many"],
)
def test_groups_that_cannot_be_are_refused(cli, wire, names):
    """Nothing is sent, and no name is repeated."""
    result = cli("group", "register", *names)

    assert result.exit_code == 2
    assert "Side" not in result.output
    assert wire.seen == []


def test_a_known_group_is_refused_by_the_service(cli, wire, groups):
    """The constant words of the class."""
    wire.answers["RegisterGroups"] = refusal(CODE.FAILED_PRECONDITION, "CONTRADICTION")
    result = cli("group", "register", "North Side")

    assert result.exit_code == 1
    assert "contradicts what is already recorded" in result.stderr


# facility, label-key


def test_facilities_are_registered(cli, wire):
    """Under one provider, or each under its own."""
    wire.answers["RegisterFacilities"] = lambda request: (
        registry.RegisterFacilitiesResponse(
            revision=3,
            facilities=[
                registry.RegisteredFacility(token=each, provider=CHANGE)
                for each in ids(len(request.facilities))
            ],
        )
    )
    result = cli("facility", "register", "--area", "1480", "--area", "Malmö")
    words = ("facility", "register", "--area", "1480", "--provider", CHANGE.hex())
    _, data = cli.json(*words)
    first, second = wire.requests("RegisterFacilities")

    assert [each.area for each in first.facilities] == ["1480", "1280"]
    assert [each.provider for each in first.facilities] == [b"", b""]
    assert [each.provider for each in second.facilities] == [CHANGE]
    assert CHANGE.hex() in result.stdout
    assert data == {
        "revision": 3,
        "facilities": [
            {"area": "1480", "token": ids(1)[0].hex(), "provider": CHANGE.hex()}
        ],
    }


def test_a_label_key_is_drawn_once(cli, tmp_path):
    """The file is its owner's, and never replaced."""
    path = tmp_path / "new.key"
    first, second = (
        cli.json("label-key", "create", path),
        cli("label-key", "create", path),
    )

    assert first == (0, {"path": str(path), "person": ""})
    assert path.stat().st_mode & 0o777 == 0o600
    assert second.exit_code == 2
    assert "exists already" in second.stderr


def test_what_could_not_be_published_is_said(cli, tmp_path):
    """A context that pins no log signs nothing; whoever has none is told the same."""
    for key, env in (("a", {}), ("b", {"PLACEMENT_CONFIG": str(tmp_path / "none")})):
        result = cli("label-key", "create", tmp_path / key, **env)

        assert result.exit_code == 0
        assert (tmp_path / key).exists()
        assert "placement label-key publish" in result.stdout
