"""An export is verified as it comes, and appears whole or not at all."""

import zipfile
from dataclasses import replace

import pytest
from kit.access_log import AT, OUTLINE, AccessLog, entry, log_entry
from kit.exported import (
    END,
    FIRST,
    HOLDER,
    SIZE,
    export,
    exporter,
    pieces,
    policy,
)
from placement_client import bundle_writing
from placement_client.bundle import LAYOUT, Bundle, readme
from placement_client.bundle_writing import require_new, write

from placement.access import Role
from placement.api.v1 import audit_service_pb2 as audit
from placement.audit.entry import render
from placement.audit.merkle import leaf_hash
from placement.errors import InvalidInputError, TamperedError


@pytest.fixture(scope="module")
def auditor(pki):
    return pki.client(Role.AUDITOR, "imy", "au-01")


@pytest.fixture
def log():
    return AccessLog(SIZE)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "taken.placement-audit.zip"


def test_an_export_becomes_one_file(path, log, auditor):
    """Private, with the members of the layout, and nothing beside it."""
    taken = export(path, log, auditor)
    with path.open("rb") as file:
        bundle = Bundle.open(file)

    assert (taken.span.first, taken.span.count) == (FIRST, END - FIRST)
    assert (taken.shown, taken.erased) == (5, 0)
    assert bundle.manifest == taken.manifest
    assert (bundle.manifest.exporter, bundle.manifest.exported_at) == (HOLDER, AT)
    assert bundle.span == taken.span
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 == 0o600
    assert zipfile.ZipFile(path).namelist() == [*LAYOUT]
    assert zipfile.ZipFile(path).read("README.txt") == readme()


def test_the_readable_entries_are_the_shown_ones(path, log, auditor):
    """One line each."""
    export(path, log, auditor)
    lines = zipfile.ZipFile(path).read("entries.jsonl").splitlines()

    assert len(lines) == 5


@pytest.mark.parametrize(("first", "end"), [(0, SIZE), (0, 0), (5, 5), (SIZE, SIZE)])
def test_any_part_can_be_taken(path, log, auditor, first, end):
    """All of it, or nothing but its place."""
    asked = audit.EntryFilter(organisation="1480", first_index=first, end_index=end)
    taken = export(path, log, auditor, pieces(log, first, end), filter=asked)

    assert taken.span.count == end - first


def test_it_is_told_how_far_it_has_come(path, log, auditor, monkeypatch):
    """Now and then, and at the end."""
    monkeypatch.setattr(bundle_writing, "EVERY", 3)
    told = []
    write(
        path,
        pieces(log),
        exporter(log, auditor),
        policy(log).checkpoint,
        told=lambda done, total: told.append((done, total)),
    )

    assert told == [(3, 7), (6, 7), (7, 7)]


def changed(given, place, message):
    """Return pieces with another one at a place."""
    return [*given[:place], audit.ExportEntriesResponse(**message), *given[place + 1 :]]


def tampered(log):
    """Give exports that an honest server does not send, by name."""
    sent = pieces(log)
    head, some, more, end = sent
    leaves = [*some.leaves.leaves, *more.leaves.leaves]
    hidden = audit.ExportLeaf(leaf_hash=bytes(32))

    def with_head(**fields):
        other = audit.ExportHead()
        other.CopyFrom(head.head)
        for name, value in fields.items():
            if name == "before":
                del other.before[:]
                other.before.extend(value)
            else:
                setattr(other, name, value)
        return [audit.ExportEntriesResponse(head=other), some, more, end]

    def with_leaves(*given):
        message = audit.ExportLeaves(leaves=given)
        return [head, audit.ExportEntriesResponse(leaves=message), end]

    def with_after(*given):
        return changed(sent, 3, {"end": audit.ExportEnd(after=given)})

    after = end.end.after
    yield "nothing", []
    yield "no head", sent[1:]
    yield "two heads", [head, *sent]
    yield "no end", sent[:-1]
    yield "leaves behind the end", [*sent, some]
    yield "an empty piece", [head, audit.ExportEntriesResponse(), *sent[1:]]
    yield "other order", [head, more, some, end]
    yield "another log", with_head(note=AccessLog(SIZE).note(SIZE, cosigned=True))
    yield "not cosigned", with_head(note=log.note(SIZE))
    yield "smaller", with_head(note=log.note(SIZE - 1, cosigned=True))
    yield "another place", with_head(first=FIRST + 1)
    yield "fewer", with_head(count=END - FIRST - 1)
    yield "more", with_head(count=END - FIRST + 1)
    yield "nothing before", with_head(before=())
    yield "another before", with_head(before=[bytes(32), bytes(32)])
    yield "dropped", with_leaves(*leaves[1:])
    yield "doubled", with_leaves(leaves[0], *leaves)
    yield "swapped", with_leaves(leaves[1], leaves[0], *leaves[2:])
    yield "another hash", with_leaves(leaves[0], hidden, *leaves[2:])
    yield "another entry", with_leaves(_other(leaves[0]), *leaves[1:])
    yield "other details", with_leaves(_detailed(leaves[0], leaves[3]), *leaves[1:])
    yield "no leaf", with_leaves(audit.ExportLeaf(), *leaves[1:])
    yield "nothing after", with_after()
    yield "after too much", with_after(*after, after[-1])
    yield "another after", with_after(audit.Subtree(level=1, hash=bytes(32)))


def _other(leaf):
    return audit.ExportLeaf(entry=render(entry(at=AT, person="cw-02")))


def _detailed(leaf, other):
    return audit.ExportLeaf(entry=leaf.entry, details=other.details)


CASES = [name for name, _ in tampered(AccessLog(SIZE))]


@pytest.mark.parametrize("name", CASES)
def test_what_does_not_verify_leaves_no_file(path, log, auditor, name):
    """Pieces missing, moved, forged or in excess; nothing lies there afterwards."""
    sent = dict(tampered(log))[name]
    with pytest.raises(TamperedError):
        export(path, log, auditor, sent)

    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("number", [4, 8])
def test_a_log_that_went_back_in_time_is_not_exported(path, auditor, number):
    """The same for an entry that nobody can read, though the log vouches for both."""
    log = AccessLog(SIZE)
    early = log_entry(number, at=AT - 1)
    log.entries[number] = early
    log._leaves[number] = leaf_hash(early.entry)
    with pytest.raises(TamperedError):
        export(path, log, auditor, pieces(log, hidden=()))

    export(path, log, auditor, pieces(log, hidden={number}))


ONLY = {"organisation": "1480"}
PART = {"first_index": FIRST, "end_index": END}


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        (ONLY | PART, FIRST, END - 1),
        (ONLY | PART, FIRST + 1, END),
        (ONLY | PART, FIRST - 1, END),
        (ONLY | {"first_index": FIRST}, FIRST, SIZE - 1),
        (ONLY | {"end_index": SIZE + 9}, 0, SIZE - 1),
        (ONLY | {"end_index": END}, 1, END),
        (ONLY, 1, SIZE),
        (ONLY, 0, SIZE - 1),
        (ONLY | PART | {"since": 1}, FIRST - 1, END),
        (ONLY | PART | {"until": AT + 1}, FIRST, END + 1),
        (PART, FIRST, END),
        ({"since": 1}, FIRST, SIZE),
        ({**PART, "organisation": "1280"}, FIRST, END),
        (ONLY | PART | {"until": AT}, FIRST, END),
    ],
    ids=str,
)
def test_an_export_of_something_else_leaves_no_file(  # noqa: PLR0917 (fixtures)
    path, log, auditor, asked, first, end
):
    """Though all of it verifies: another part, an entry that does not fit, or a gap."""
    with pytest.raises(TamperedError):
        export(
            path,
            log,
            auditor,
            pieces(log, first, end),
            filter=audit.EntryFilter(**asked),
        )

    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        (PART, FIRST, END),
        ({"first_index": FIRST}, FIRST, SIZE),
        ({"end_index": SIZE + 9}, 0, SIZE),
        ({"since": AT}, 2, SIZE),
        ({"until": AT + 1}, 0, SIZE - 2),
        ({"since": AT, **PART}, FIRST + 1, END),
        ({"decision_id": OUTLINE.decisions[0]}, 4, 5),
    ],
    ids=str,
)
def test_an_export_of_what_was_asked_for_is_taken(  # noqa: PLR0917 (fixtures)
    path, log, auditor, asked, first, end
):
    """Where a period begins and ends among the entries only the service knows."""
    sent = pieces(log, first, end, hidden=())
    taken = export(path, log, auditor, sent, filter=audit.EntryFilter(**asked))

    assert (taken.span.first, taken.span.count) == (first, end - first)


def test_nothing_is_overwritten(path, log, auditor):
    """Neither a file, nor a link to nowhere; and there must be a folder."""
    path.write_bytes(b"mine")
    link = path.with_name("link")
    link.symlink_to("nowhere")
    for each in (path, link, path.parent / "none" / path.name):
        with pytest.raises(InvalidInputError):
            require_new(each)
    with pytest.raises(InvalidInputError):
        export(path, log, auditor)

    assert path.read_bytes() == b"mine"
    assert sorted(each.name for each in path.parent.iterdir()) == ["link", path.name]


def test_a_folder_that_takes_no_file_is_named(path, log, auditor, monkeypatch):
    """Full, or not ours."""

    def full(**_):
        raise OSError

    monkeypatch.setattr(bundle_writing.tempfile, "TemporaryFile", full)
    with pytest.raises(InvalidInputError) as caught:
        export(path, log, auditor)

    assert caught.value.field == "out"


def test_a_key_of_somebody_else_signs_nothing(path, log, auditor, pair):
    """Certificate and key belong together."""
    with pytest.raises(TamperedError):
        export(path, log, replace(auditor, key=pair.key))

    assert list(path.parent.iterdir()) == []
