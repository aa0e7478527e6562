"""Groups, facilities and placements that stand; names never leave the machine."""

import grpc
import pytest
from kit.asked import CASE, CHANGE, NORTH, SOUTH, day, ids
from kit.wire import refusal
from placement_client.labels import LabelKey

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as types

CODE = grpc.StatusCode


# group


def test_groups_are_registered_without_their_names(cli, wire):
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


def test_a_book_under_another_key_exits_with_five(cli, groups):
    """Labels that do not open are not shown as anything else."""
    cli.label_key.unlink()
    cli("label-key", "create", cli.label_key)

    assert cli("group", "list").exit_code == 5


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


def test_a_known_group_is_refused_by_the_service(cli, wire):
    """The constant words of the class."""
    wire.answers["RegisterGroups"] = refusal(CODE.FAILED_PRECONDITION, "CONTRADICTION")
    result = cli("group", "register", "North Side")

    assert result.exit_code == 1
    assert "contradicts what is already recorded" in result.stderr


# facility, placement, label-key


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
    cli("facility", "register", "--area", "1480", "--provider", CHANGE.hex())
    first, second = wire.requests("RegisterFacilities")

    assert [each.area for each in first.facilities] == ["1480", "1280"]
    assert [each.provider for each in first.facilities] == [b"", b""]
    assert [each.provider for each in second.facilities] == [CHANGE]
    assert CHANGE.hex() in result.stdout


def test_placements_are_recorded_and_ended(cli, wire):
    """Those that stand already."""
    wire.answers["RecordPlacements"] = registry.RecordPlacementsResponse(
        revision=3, placement_ids=[CHANGE]
    )
    wire.answers["EndPlacements"] = registry.EndPlacementsResponse(revision=4)
    words = (
        "placement",
        "record",
        CASE.hex(),
        "--area",
        "1480",
        "--from",
        "2026-01-01",
    )
    cli(*words)
    result = cli(*words, "--to", "2026-02-01", "--facility", NORTH.hex())
    ended = cli("placement", "end", CHANGE.hex(), "--on", "2026-03-01")
    first, second = (each.placements[0] for each in wire.requests("RecordPlacements"))
    (ending,) = wire.requests("EndPlacements")[0].endings

    assert result.stdout == f"Recorded placement {CHANGE.hex()}.\n"
    assert ended.stdout == "Ended.\n"
    assert first == registry.StandingPlacement(
        case_handle=CASE,
        area="1480",
        window=types.Window(start_day=day("2026-01-01")),
    )
    assert second.facility == NORTH
    assert second.window.end_day == day("2026-02-01")
    assert ending == registry.PlacementEnding(
        placement_id=CHANGE, valid_to_day=day("2026-03-01")
    )


def test_a_label_key_is_drawn_once(cli, tmp_path):
    """The file is its owner's, and never replaced."""
    path = tmp_path / "new.key"
    first, second = (
        cli.json("label-key", "create", path),
        cli("label-key", "create", path),
    )

    assert first == (0, {"path": str(path)})
    assert path.stat().st_mode & 0o777 == 0o600
    assert second.exit_code == 2
    assert "exists already" in second.stderr
