"""The file of a backup is what was packed, to the byte, or is refused."""

import json
import tarfile
from dataclasses import replace
from io import BytesIO

import pytest

from placement.crypto.custody import FileCustody
from placement.errors import TamperedError
from placement.store import archive
from placement.store.archive import Manifest
from placement.store.copying import Kind
from placement.store.head import Head
from placement.store.log import Store

COPY = bytes(range(256)) * 64


@pytest.fixture
def copy(tmp_path):
    path = tmp_path / "copy"
    path.write_bytes(COPY)
    return path


@pytest.fixture
def manifest(copy):
    return archive.describe(
        Kind.DATABASE,
        copy,
        Head.GENESIS,
        made="2026-11-26T12:00:00+00:00",
        origin="placement.test/log",
        checkpoint=b"",
        beside="",
    )


@pytest.fixture
def packed(copy, manifest):
    file = BytesIO()
    archive.pack(file, manifest.render(), b"seal", copy)
    return file.getvalue()


def unpacked(content, folder):
    target = folder / "unpacked"
    target.unlink(missing_ok=True)
    return *archive.unpack(BytesIO(content), target), target.read_bytes()


def test_it_comes_back_as_it_was(packed, manifest, tmp_path):
    """Manifest, seal and copy; the copy is for its owner alone."""
    assert unpacked(packed, tmp_path) == (manifest.render(), b"seal", COPY)
    assert (tmp_path / "unpacked").stat().st_mode & 0o777 == 0o600


def test_it_is_a_tar(packed):
    """Anybody reads the manifest with what every machine has."""
    with tarfile.open(fileobj=BytesIO(packed)) as tar:
        names = tar.getnames()
        told = json.load(tar.extractfile("manifest.json"))

    assert names == ["manifest.json", "seal", "copy.db"]
    assert (told["kind"], told["size"]) == ("database", len(COPY))


def test_whatever_is_cut_is_refused(packed, tmp_path):
    """Up to where nothing but the tar's own padding is missing."""
    end = len(packed.rstrip(b"\0"))
    for size in (0, 1, 511, 512, 600, 1600, 2100, 3000, end - 256, end - 1):
        with pytest.raises(TamperedError):
            unpacked(packed[:size], tmp_path)


def test_no_altered_byte_gets_into_the_copy(packed, manifest, tmp_path):
    """It is refused, or the copy is the same; the rest is what the seal is over."""
    same = refused = 0
    for place in range(0, len(packed), 97):
        altered = bytearray(packed)
        altered[place] ^= 1
        try:
            *_, copied = unpacked(bytes(altered), tmp_path)
        except TamperedError:
            refused += 1
            continue
        same += 1

        assert copied == COPY
    assert refused > len(COPY) // 97
    assert same


@pytest.mark.parametrize(
    "members",
    [
        [],
        ["manifest.json"],
        ["seal", "manifest.json", "copy.db"],
        ["manifest.json", "seal", "copy.db", "more"],
        ["manifest.json", "seal", "../copy.db"],
    ],
)
def test_other_members_are_refused(members, manifest, tmp_path):
    """Only these three, in this order."""
    content = {"manifest.json": manifest.render(), "seal": b"seal"}
    file = BytesIO()
    with tarfile.open(fileobj=file, mode="w|") as tar:
        for name in members:
            part = content.get(name, COPY)
            info = tarfile.TarInfo(name)
            info.size = len(part)
            tar.addfile(info, BytesIO(part))
    with pytest.raises(TamperedError):
        unpacked(file.getvalue(), tmp_path)


def test_a_member_that_is_no_file_is_refused(manifest, tmp_path):
    """Nor is a link followed."""
    file = BytesIO()
    with tarfile.open(fileobj=file, mode="w|") as tar:
        info = tarfile.TarInfo("manifest.json")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(TamperedError):
        unpacked(file.getvalue(), tmp_path)


def test_a_manifest_that_is_too_long_is_refused(manifest, copy, tmp_path):
    """Nobody reads a gigabyte into memory."""
    file = BytesIO()
    archive.pack(file, b" " * (1 << 17), b"seal", copy)
    with pytest.raises(TamperedError):
        unpacked(file.getvalue(), tmp_path)


@pytest.mark.parametrize("change", [{"size": 1}, {"digest": "0" * 64}])
def test_another_copy_is_refused(manifest, copy, tmp_path, change):
    """The manifest says which."""
    file = BytesIO()
    archive.pack(file, replace(manifest, **change).render(), b"", copy)
    with pytest.raises(TamperedError):
        unpacked(file.getvalue(), tmp_path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: b"",
        lambda told: b"[1]",
        lambda told: b"{}",
        lambda told: json.dumps(told).encode(),
        lambda told: render(told | {"more": 1}),
        lambda told: render({key: told[key] for key in told if key != "size"}),
        lambda told: render(told | {"size": "1"}),
        lambda told: render(told | {"leaves": True}),
        lambda told: render(told | {"origin": 1}),
    ],
    ids=[
        "empty",
        "list",
        "nothing",
        "other form",
        "more",
        "less",
        "text",
        "truth",
        "number",
    ],
)
def test_what_is_no_manifest_is_refused(manifest, spoil):
    """One form, all fields, of their types."""
    with pytest.raises(TamperedError):
        Manifest.parse(spoil(json.loads(manifest.render())))


def render(told):
    return json.dumps(told, indent=1, sort_keys=True).encode() + b"\n"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"format": "placement backup 2"}, "another release"),
        ({"schema": 1}, "another release"),
        ({"kind": "keys"}, "no backup of the database"),
        ({"origin": "other/log"}, "another log"),
    ],
)
def test_the_backup_of_something_else_is_refused(manifest, change, why):
    """And it says of what."""
    manifest.require(Kind.DATABASE, "placement.test/log")
    with pytest.raises(TamperedError) as caught:
        replace(manifest, **change).require(Kind.DATABASE, "placement.test/log")

    assert why in caught.value.notes[0]


@pytest.mark.parametrize("change", [{"revision": 1}, {"leaves": 1}, {"root": ""}])
def test_another_head_is_refused(manifest, change):
    """All of its ends have to fit."""
    manifest.require_head(Head.GENESIS)
    with pytest.raises(TamperedError):
        replace(manifest, **change).require_head(Head.GENESIS)


@pytest.fixture
def stores(tmp_path):
    """Two stores under one custody."""
    custody = FileCustody.create(tmp_path / "kek")
    made = [
        Store.create(f"sqlite:///{tmp_path}/{name}.db", custody) for name in ("a", "b")
    ]
    yield made
    for store in made:
        store.close()


def test_a_seal_is_of_one_store_and_one_manifest(stores, manifest):
    """Another manifest, another store, an altered or cut seal: each is refused."""
    store, other = stores
    content = manifest.render()
    seal = archive.seal(store.ring, store.owner, content)
    archive.require_sealed(store.ring, store.owner, content, seal)
    altered = replace(manifest, made="2026-11-27T12:00:00+00:00").render()
    for of, told, said in (
        (store, altered, seal),
        (other, content, seal),
        (store, content, seal[:-1]),
        (store, content, b""),
        (store, content, b"\0\0\0\x09" + seal[4:]),
    ):
        with pytest.raises(TamperedError):
            archive.require_sealed(of.ring, of.owner, told, said)


def test_where_the_log_ends_is_read_without_a_key(packed, tmp_path, copy, manifest):
    """Of a database; a file that is none is refused."""
    path = tmp_path / "backup"
    path.write_bytes(packed)
    keys = tmp_path / "keys"
    with keys.open("wb") as file:
        archive.pack(file, replace(manifest, kind="keys").render(), b"", copy)

    assert archive.ends_of(path) == archive.ends(Head.GENESIS)
    for other in (keys, copy):
        with pytest.raises(TamperedError):
            archive.ends_of(other)
