"""A changeover as people make it: inside the server, and with two custodians apart."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta

import pytest
from kit.custodians import Keeping
from kit.numbers import number
from kit.people import Person
from kit.served import Served
from kit.terminal import run
from placement_client.profile import Contexts, Profile, load, save

from placement.crypto import voprf
from placement.crypto.custody import FileCustody
from placement.crypto.shares import key_id, whole
from placement.service.custodian import Custodian, log_id, next_path, retire_key
from placement.service.fold import found
from placement.store.log import Store

SOON = (date.today() + timedelta(days=10)).isoformat()  # noqa: DTZ011 (well after today)
SOURCE = ("--grade", "1A", "--reason", "intelligence")
WHO = {
    "caseworker": ("caseworker", "1480", "cw-01"),
    "first": ("coordinator", "national", "co-01"),
    "second": ("coordinator", "national", "co-02"),
}


class Place:
    """A registry, whoever makes its pseudonyms, and people before it."""

    def __init__(self, folder, stack: ExitStack, *, apart: bool) -> None:
        self.folder = folder
        self.keeping: list[Keeping] = []
        settings = {}
        if apart:
            for name in ("police", "towns"):
                pki = self.keeping[0].pki if self.keeping else None
                one = Keeping(folder / name, voprf.generate_key(), pki=pki)
                self.keeping.append(stack.enter_context(one))
            settings["custodian_id"] = self.key_id().hex()
            settings["pki"] = self.keeping[0].pki
        self.served = stack.enter_context(Served(folder, **settings))
        self.label_key = folder / "label.key"
        run(["label-key", "create", self.label_key])

    @property
    def keepers(self):
        return self.keeping or [self.served]

    def publics(self):
        return [
            voprf.PublicKey.decode(each.custodian.public_key) for each in self.keepers
        ]

    def key_id(self):
        return key_id(whole(self.publics()))

    def become(self, name: str) -> Person:
        """Return somebody whose context pins the key that is there now."""
        pair = self.served.pki.client(*WHO[name])
        home = self.folder / f"{name}-home"
        profile = Profile(
            server=f"localhost:{self.served.port}",
            certificate=str(pair.certificate_path),
            key=str(pair.key_path),
            ca=str(self.served.pki.paths.authority),
            custodian_key=whole(self.publics()).encode().hex(),
            custodians=" ".join(each.pin for each in self.keeping),
            label_key=str(self.label_key),
        )
        save(Contexts().add("here", profile), home / "contexts.toml")
        return Person(home, self.label_key)

    def next_keys(self) -> tuple[str, ...]:
        """Make the keys that follow, while everybody serves; return what is pinned."""
        made = [
            Custodian.create(next_path(each.settings.custodian_key))
            for each in self.keepers
        ]
        publics = [voprf.PublicKey.decode(each.public_key) for each in made]
        pins = [
            f"--custodian=localhost:{each.port}={share.encode().hex()}"
            for each, share in zip(self.keeping, publics, strict=False)
        ]
        return (whole(publics).encode().hex(), *pins)

    def retire(self) -> None:
        """Have each custodian destroy the old key, and start again."""
        for each in self.keepers:
            each.stop()
            path = each.settings.custodian_key
            into = Custodian.open(next_path(path)).key_id
            if self.keeping:
                custody = FileCustody(each.settings.store_key)
                store = Store.open(each.settings.database, custody, each.settings.keys)
                found(store, log_id(into), 1, None)
                store.close()
            retire_key(path, into)
            each.custodian = Custodian.open(path)
            each.start()


@pytest.fixture(params=[False, True], ids=["inside", "apart"])
def place(tmp_path, request) -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place(tmp_path, stack, apart=request.param)


def verdict(caseworker, case, code):
    answer = caseworker(
        *("check", "--case", case, "--from", SOON, "--justification", "planned"),
        *("--area", "0680"),
        code=code,
    )
    return [each["verdict"] for each in answer["verdicts"]]


def reached(person, place):
    """Let somebody's context name the ports at which everybody is now."""
    path = person.folder / "contexts.toml"
    contexts = load(path)
    profile = contexts.profile()
    ports = [f"localhost:{each.port}" for each in place.keeping]
    profile = replace(
        profile,
        server=f"localhost:{place.served.port}",
        custodians=moved(profile.custodians, ports),
        next_custodians=moved(profile.next_custodians, ports),
    )
    save(contexts.add("here", profile), path)


def moved(pins, ports):
    """Let pins name other ports."""
    pairs = zip(ports, pins.split(), strict=True)
    return " ".join(f"{port}={pin.partition('=')[2]}" for port, pin in pairs)


def recorded(first, second):
    """Put a person on record whom South must not meet; return how they are named."""
    person = f"{number(serial=1)}\n"
    first("coverage", "attest", "--whole-region")
    first("group", "register", "North", "South")
    belongs = ("affiliation", "--group", "North", "--role", "core")
    war = ("rivalry", "--group", "North", "--group", "South", "--severity", "3")
    there = ("presence", "--group", "South", "--area", "0680", "--kind", "base")
    record = ("fact", "record")
    first(*record, *belongs, "--identifier-stdin", *SOURCE, stdin=person)
    for words in (war, there):
        changes = first(*record, *words, *SOURCE)["change_ids"]
        second("change", "approve", *changes)
    return person


def judged(worker, coordinator, *, code=4):
    """Have somebody open a case for that person; return the verdict."""
    case = worker.opened(1)
    coordinator("assess", case, "--none-known")
    return verdict(worker, case, code)


@pytest.mark.slow
def test_a_changeover_from_end_to_end(place):
    """Nobody is lost, nobody waits, and the old key is gone in the end."""
    worker, first, second = map(place.become, WHO)
    person = recorded(first, second)
    before = judged(worker, first)
    follow = place.next_keys()
    early = judged(worker, first)
    for each in (worker, first, second):
        each("context", "follow", *follow)
    unbegun = judged(worker, first)
    waits = first("changeover", "begin", "--yes")
    begun = second("changeover", "begin", "--yes")
    between = judged(worker, first)
    refused = first("changeover", "end", "--yes", code=1)
    enrol = ("changeover", "enrol", "--identifier-stdin")
    worker(*enrol, stdin=person)
    halfway = first("changeover", "show")
    first(*enrol, stdin=person)
    enrolled = first("changeover", "show")
    first("changeover", "end", "--yes")
    ended = second("changeover", "end", "--yes")

    assert {*before, *early, *unbegun, *between} == {"CONFLICT"}
    assert judged(worker, first) == ["CONFLICT"]
    assert (waits["to_key_id"], waits["said_by"]) == ("", "co-01")
    assert begun["key_id"] == place.key_id().hex()
    assert refused["error"]["reason"] == "CONTRADICTION"
    # The household of each case is that person.
    assert [halfway[name] for name in ("waiting", "halfway")] == [1, 1]
    assert [enrolled[name] for name in ("waiting", "halfway")] == [0, 0]
    assert ended["key_id"] == begun["to_key_id"]


@pytest.mark.slow
def test_who_missed_it_is_told(place):
    """Their context pins the old key alone: refused, not answered with less."""
    first, second = map(place.become, ("first", "second"))
    worker = place.become("caseworker")
    person = recorded(first, second)
    ended(place, first, second, person)
    got = worker(
        *("case", "open", "--reference", "SN 4", "--basis", "police"),
        "--identifier-stdin",
        stdin=person,
        code=2,
    )
    worker("context", "follow", *place.follow)

    assert got["error"]["description"] == "was made under a key that is not in force"
    assert judged(worker, first) == ["CONFLICT"]


def ended(place, first, second, person):
    """Make a whole changeover."""
    place.follow = place.next_keys()
    for each in (first, second):
        each("context", "follow", *place.follow)
        each("changeover", "begin", "--yes")
    for each in (first, second):
        each("changeover", "enrol", "--identifier-stdin", stdin=person)
    for each in (first, second):
        each("changeover", "end", "--yes")


@pytest.mark.slow
def test_the_old_key_is_gone_in_the_end(place):
    """Whoever settled, and whoever did not yet, names people under the next one."""
    first, second = map(place.become, ("first", "second"))
    person = recorded(first, second)
    ended(place, first, second, person)
    place.retire()
    worker = place.become("caseworker")
    for each in (first, second):
        reached(each, place)

    assert judged(worker, first) == ["CONFLICT"]
    first("context", "settle")
    case = worker.opened(1)
    asked = ("fact", "record", "tie", "--area", "0680", "--identifier-stdin", *SOURCE)
    for each in (first, second):
        assert each(*asked, stdin=person)["revision"]
    assert worker("case", "show", case)["reference"] == "SN 1"
    for keeper in place.keepers:
        path = keeper.settings.custodian_key
        assert path.exists()
        assert not next_path(path).exists()
