"""The label key is replaced without losing a name, however often a machine stops."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from kit.keyholders import NAMES, coordinators, files, names
from placement_client.groups import GroupCalls
from placement_client.label_files import LabelFiles
from placement_client.labels import LabelKey
from placement_client.registry import RegistryCalls


class KilledError(BaseException):
    """What stands for the end of a process: nothing handles it."""


@pytest.fixture
def here(tmp_path):
    """Three coordinators who hold the label key."""
    with coordinators(tmp_path) as here:
        here.admitted(here.second, "syd/co-02")
        here.admitted(here.new, "nord/co-03")
        yield here


def finished(here):
    """Have the second coordinator take the next key and put it into force."""
    here.second("label-key", "fetch")
    return here.second("label-key", "finish")


def test_a_rotation_from_end_to_end(here):
    """Both keys open every name meanwhile; afterwards whoever fetches goes on."""
    (old,) = files(here.first).read()
    rotated = here.first("label-key", "rotate")
    meanwhile = names(here.first), names(here.new)
    done = finished(here)
    (new,) = files(here.second).read()

    assert (rotated["key_id"], rotated["renewed"]) == (new.id.hex(), len(NAMES))
    assert meanwhile == (sorted(NAMES), sorted(NAMES))
    assert done["verified"] == len(NAMES)
    assert new.id != old.id
    here.new("label-key", "fetch")
    assert names(here.new) == names(here.first) == names(here.second) == sorted(NAMES)
    here.first("group", "register", "After")
    assert "After" in names(here.new)


def test_it_is_said_who_gets_the_next_key(here):
    """By whoever begins and whoever ends; whoever drew the first key is among them."""
    rotated = here.first("label-key", "rotate", "--without", "nord/co-03")
    shown = here.first.shown("label-key", "rotate")
    done = finished(here)
    here.first("label-key", "fetch")

    assert rotated["persons"] == done["persons"] == ["syd/co-01", "syd/co-02"]
    assert "published an exchange key: syd/co-01, syd/co-02." in shown
    assert "and nobody else" in shown
    assert names(here.first) == sorted(NAMES)


def test_whoever_drew_the_key_gets_the_one_that_another_draws(here):
    """The exchange key of the maker is published when the key is made."""
    here.second("label-key", "rotate")
    here.new("label-key", "fetch")
    here.new("label-key", "finish")
    got = here.first("label-key", "fetch")

    assert [each["from"] for each in got["keys"]] == ["syd/co-02"]
    assert names(here.first) == sorted(NAMES)


def test_who_left_opens_nothing_newer(here):
    """Named when the key is replaced: no letter, no name, and none of what follows."""
    here.first("label-key", "rotate", "--without", "nord/co-03")
    finished(here)
    here.first("group", "register", "Afterwards")
    got = here.new("label-key", "fetch")
    shown = here.new("group", "list")

    assert got["keys"] == []
    assert shown["groups"] == []
    assert names(here.second) == sorted((*NAMES, "Afterwards"))


def test_names_that_come_meanwhile_are_not_left_behind(here):
    """Nothing is finished before they are sealed anew."""
    here.first("label-key", "rotate")
    here.new("group", "register", "Meanwhile")
    here.second("label-key", "fetch")
    refused = here.second("label-key", "finish", code=2)
    again = here.first("label-key", "rotate")
    here.second("label-key", "finish")

    assert refused["error"]["field"] == "rotation"
    assert again["renewed"] == 1
    assert names(here.second) == sorted((*NAMES, "Meanwhile"))


def test_doubles_are_refused_meanwhile(here):
    """By whoever has either key."""
    here.first("label-key", "rotate")
    for who in (here.first, here.new):
        got = who("group", "register", "NORTH-SIDE", code=1)

        assert got["error"]["reason"] == "CONTRADICTION"


def test_of_two_who_rotate_at_once_one_does(here):
    """The other is told whose it is, and has every name."""
    here.first("label-key", "rotate")
    got = here.second("label-key", "rotate", code=2)

    assert "by somebody else" in got["error"]["description"]
    finished(here)
    assert names(here.second) == sorted(NAMES)


def test_who_began_does_not_finish(here):
    """Another machine has to hold the next key, and to have verified it."""
    here.first("label-key", "rotate")
    got = here.first("label-key", "finish", code=1)

    assert got["error"]["reason"] == "ACCESS_DENIED"


def test_a_spoilt_name_does_not_come_into_force(here, monkeypatch):
    """Whoever finishes opens both labels of every name."""

    def spoilt(self, name):
        return honest(self, "Another" if name == "Zeta" else name)

    honest = LabelKey.new_group
    monkeypatch.setattr(LabelKey, "new_group", spoilt)
    here.first("label-key", "rotate")
    monkeypatch.undo()
    here.second("label-key", "fetch")
    got = here.second("label-key", "finish", code=5)
    here.second("label-key", "finish", "--give-up")

    assert got["error"]["reason"] == "TAMPERED"
    assert names(here.second) == sorted(NAMES)


def test_what_is_given_up_begins_anew(here):
    """Under another key; the first one was handed to whoever was there then."""
    first = here.first("label-key", "rotate")
    here.new("label-key", "finish", "--give-up")
    second = here.first("label-key", "rotate", "--without", "nord/co-03")
    finished(here)

    assert first["key_id"] != second["key_id"]
    assert names(here.second) == sorted(NAMES)


def test_nothing_to_finish(here):
    """Before anybody began."""
    got = here.second("label-key", "finish", code=2)

    assert "is not being replaced" in got["error"]["description"]


def test_nobody_unknown_leaves(here):
    """A typing error would let somebody stay."""
    got = here.first("label-key", "rotate", "--without", "nord/co-33", code=2)

    assert got["error"]["field"] == "without"
    assert here.first("label-key", "show")["rotation"] is None


def test_a_name_that_opens_nowhere_gets_a_word(here):
    """Only if somebody says so; and whoever finishes can tell that it is that word."""
    stranger = LabelKey(bytes(32))

    def alien(self, name):
        made = honest(stranger, name)
        made.key_id = self.id
        return made

    honest = LabelKey.new_group
    try:
        LabelKey.new_group = alien
        here.first("group", "register", "Unknown")
    finally:
        LabelKey.new_group = honest
    refused = here.first("label-key", "rotate", code=2)
    begun = here.first("label-key", "show")["rotation"]
    here.first("label-key", "rotate", "--name-lost")
    finished(here)
    (lost,) = set(names(here.second)) - set(NAMES)

    assert (refused["error"]["field"], begun) == ("label_key", None)
    assert lost.startswith("lost ")


def test_a_lost_draft_of_the_next_key_is_fetched(here):
    """Whoever began handed it to themselves, too."""
    here.first("label-key", "rotate")
    path = files(here.first).path
    path.with_name(f"{path.name}.next").unlink()
    here.second("group", "register", "Meanwhile")
    got = here.first("label-key", "rotate")

    assert got["renewed"] == 1
    assert len(files(here.first).read()) == 2


@dataclass
class Reaper:
    """Ends the process at its n-th step, before it or right behind it."""

    after: int
    behind: bool
    steps: int = 0

    def over(self, step):
        def counted(*given, **named):
            self.steps += 1
            if self.steps == self.after and not self.behind:
                raise KilledError
            done = step(*given, **named)
            if self.steps == self.after:
                raise KilledError
            return done

        return counted


STEPS = (
    (GroupCalls, "label_keys"),
    (GroupCalls, "publish"),
    (GroupCalls, "begin_rotation"),
    (GroupCalls, "renew_labels"),
    (GroupCalls, "end_rotation"),
    (RegistryCalls, "list_groups"),
    (LabelFiles, "draw_next"),
    (LabelFiles, "keep"),
    (LabelFiles, "settle"),
    (Path, "replace"),
)


def stopped(monkeypatch, reaper, command):
    """Run a command that may be ended; tell whether it was."""
    with monkeypatch.context() as patched:
        for owner, name in STEPS:
            patched.setattr(owner, name, reaper.over(getattr(owner, name)))
        patched.setattr("placement_client.rotation.MAX_NAMES", 1)
        try:
            command()
        except KilledError:
            return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("behind", [False, True])
def test_it_may_stop_at_every_step(here, monkeypatch, behind):
    """The same commands go on from there; not a name is lost, not a double let in."""
    for number in range(1, 100):
        before = here.first("label-key", "show")["key_id"]
        kills = 0
        for command in (
            lambda: here.first("label-key", "rotate"),
            lambda: here.second("label-key", "fetch"),
            lambda: here.second("label-key", "finish"),
            lambda: here.first("label-key", "fetch"),
        ):
            if stopped(monkeypatch, Reaper(number, behind), command):
                kills += 1
                assert names(here.second) == sorted(NAMES)
                if here.first("label-key", "show")["key_id"] == before:
                    command()
        here.second("label-key", "fetch")
        got = here.first("group", "register", "NORTH-SIDE", code=1)

        assert got["error"]["reason"] == "CONTRADICTION"
        assert here.first("label-key", "show")["key_id"] != before
        assert names(here.first) == names(here.second) == sorted(NAMES)
        if not kills:
            break

    assert number > 8
