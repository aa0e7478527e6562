"""A group's name, and the label key, are nowhere but on coordinators' machines."""

import sys

import grpc
import pytest
from kit.apart import apart
from kit.keyholders import names
from kit.leaks import Recorder, found_in, kept
from placement_client import session as sessions
from placement_client.labels import KEY_LABEL

from placement.crypto.custody import read_secret
from placement.crypto.exchange import EXCHANGE_LABEL

NAMES = ("Sentinel Brotherhood", "Marker Street Crew", "Quartz Union")
FURTHER = ("The Sentinels", "Qzx Splinter", "Afterwards Only")
WHO = ("syd/co-01", "syd/co-02", "nord/co-03")
PLACES = ("memory", "log lines", "database", "key store, anchor", "wire")
SOURCE = ("--grade", "2B", "--reason", "intelligence")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process"),
]


class Wire(Recorder):
    """Keeps every byte that goes out, too."""

    def intercept_unary_unary(self, continuation, client_call_details, request):
        self.received.append(request.SerializeToString())
        return super().intercept_unary_unary(continuation, client_call_details, request)


@pytest.fixture(scope="module")
def journey(tmp_path_factory):
    """Do everything that has to do with names; keep all that a server has of it."""
    folder = tmp_path_factory.mktemp("names")
    wire, opened = Wire(), sessions.open_channel
    sessions.open_channel = lambda profile: grpc.intercept_channel(
        opened(profile), wire
    )
    try:
        with apart(folder, *WHO) as server:
            path = folder / "first.key"
            first = server.become(WHO[0], path)
            second, third = (server.become(each) for each in WHO[1:])
            first("label-key", "create", path)
            old = read_secret(path, KEY_LABEL)
            seen = work(first, second, third)
            memory, lines = server.memory(), server.lines()
            seen["removed"] = third("group", "list")["groups"]
            token = bytes.fromhex(first("group", "list")["groups"][0]["token"])
            database = kept(folder / "store")
            beside = kept(folder / "store", "placement.[ak]*")
    finally:
        sessions.open_channel = opened
    secrets = {
        **{f"name {each}": each for each in (*NAMES, *FURTHER)},
        **{f"bytes {each}": each.encode() for each in (*NAMES, *FURTHER)},
        **{f"plain {each}": plain(each) for each in (*NAMES, *FURTHER)},
        **{f"folded {each}": each.casefold() for each in (*NAMES, *FURTHER)},
        "old label key": old,
        "new label key": read_secret(path, KEY_LABEL),
        "exchange key": read_secret(
            second.folder / "exchange-here.key", EXCHANGE_LABEL
        ),
    }
    places = {
        "memory": memory,
        "log lines": lines,
        "database": database,
        "key store, anchor": beside,
        "wire": b"\n".join(wire.received),
    }
    return secrets, places, seen, token


def plain(name):
    return name.casefold().replace(" ", "")


def admit(first, who, name):
    who("label-key", "publish")
    first("label-key", "hand-over", name)
    who("label-key", "fetch")


def work(first, second, third):
    """Register, name, merge, split, find, hand over and replace; say who saw what."""
    first("group", "register", *NAMES)
    first("group", "alias", NAMES[0], FURTHER[0])
    admit(first, second, WHO[1])
    admit(first, third, WHO[2])
    admitted = names(third)
    change = first("group", "merge", NAMES[0], NAMES[1])["change_id"]
    second("change", "show", change)
    second("change", "approve", change)
    first(
        "group", "split", FURTHER[1], "--from", NAMES[2], "--on", "2026-01-01", *SOURCE
    )
    first("group", "find", NAMES[2])
    first("group", "register", NAMES[0], code=1)
    first("label-key", "rotate", "--without", WHO[2])
    second("label-key", "fetch")
    second("label-key", "finish")
    first("label-key", "fetch")
    first("group", "register", FURTHER[2])
    third("label-key", "fetch")
    return {"admitted": admitted, "stays": names(second)}


@pytest.mark.parametrize("place", PLACES)
def test_no_name_and_no_label_key_is_there(journey, place):
    """Neither as it was typed, nor folded, nor as bytes, hexadecimal or base64."""
    secrets, places, _, _ = journey

    assert found_in(places[place], secrets) == []


def test_the_places_are_the_right_ones(journey):
    """What a server may have of a group is found where nothing else was."""
    _, places, _, token = journey

    assert token in places["memory"]
    assert token in places["wire"]
    assert len(places["memory"]) > 10_000_000
    assert len(places["database"]) > 10_000
    assert len(places["key store, anchor"]) > 10_000
    assert b"DEBUG" in places["log lines"]


def test_a_new_coordinator_lists_all_names(journey):
    """Right after the label key was fetched."""
    _, _, seen, _ = journey

    assert seen["admitted"] == sorted(NAMES)


def test_a_removed_one_opens_nothing_newer(journey):
    """Whoever stays opens everything."""
    _, _, seen, _ = journey

    assert seen["removed"] == []
    assert seen["stays"] == sorted((*NAMES, *FURTHER[1:]))
