"""A zip file in its one form, and no other."""

import io
import zipfile
import zlib
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from placement_client.archive import (
    CHUNK,
    MAX_FREE,
    MAX_SWELL,
    Archive,
    Member,
    Packing,
    assemble,
)

from placement.errors import TamperedError

LAYOUT = {"a.txt": False, "b.bin": True}
SMALL = (b"hello", b"hello " * 40)


def packed(name, content):
    packing = Packing(name, io.BytesIO(), deflated=LAYOUT[name])
    for start in range(0, len(content), 7000):
        packing.write(content[start : start + 7000])
    return packing.finish(), packing.file


def archive(*contents):
    """Return an archive's bytes."""
    out = io.BytesIO()
    assemble(out, dict(map(packed, LAYOUT, contents)))
    return out.getvalue()


def read(content):
    """Read every member of an archive."""
    opened = Archive(io.BytesIO(content), LAYOUT)
    return tuple(b"".join(opened.stream(name)) for name in LAYOUT)


def deflated(content, packed, **changes):
    """Return an archive whose second member has these bytes."""
    out = io.BytesIO()
    first = Packing("a.txt", io.BytesIO(), deflated=False)
    member = Member(
        "b.bin",
        deflated=True,
        crc=zlib.crc32(content),
        size=len(content),
        packed=len(packed),
    )
    members = {
        first.finish(): first.file,
        replace(member, **changes): io.BytesIO(packed),
    }
    assemble(out, members)
    return out.getvalue()


@given(st.binary(max_size=300), st.binary(max_size=30_000))
def test_what_is_written_is_read(small, large):
    """With any zip program, and with this one."""
    contents = (small, large)
    made = archive(*contents)
    others = zipfile.ZipFile(io.BytesIO(made))

    assert read(made) == contents
    assert others.testzip() is None
    assert tuple(map(others.read, LAYOUT)) == contents


def test_large_members_come_in_pieces():
    """Memory holds a chunk, not a member."""
    content = b"".join(sha256(n.to_bytes(4)).digest() * 9 for n in range(9000))
    opened = Archive(io.BytesIO(archive(b"", content)), LAYOUT)
    chunks = list(opened.stream("b.bin"))

    assert b"".join(chunks) == content
    assert len(chunks) > len(content) / CHUNK
    assert max(map(len, chunks)) <= CHUNK


def test_members_are_measured():
    """What was known when it was written is known when it is read."""
    made = packed("b.bin", SMALL[1])[0]
    found = Archive(io.BytesIO(archive(*SMALL)), LAYOUT)

    assert found.measured("b.bin") == made
    assert made.sha256 == sha256(SMALL[1]).digest()
    assert found.measured("a.txt").packed_sha256 == sha256(b"hello").digest()


def test_the_same_members_make_the_same_file():
    """There is no date and no other accident in it."""
    assert archive(*SMALL) == archive(*SMALL)


def test_no_bit_of_the_frame_can_change():
    """Whatever is not a deflated byte: headers, names, sizes, ends."""
    made = archive(*SMALL)
    start = made.index(b"b.bin\1\0") + len("b.bin") + 20
    end = start + Archive(io.BytesIO(made), LAYOUT).members["b.bin"].packed
    for place in range(8 * len(made)):
        if start <= place // 8 < end:
            continue
        changed = bytearray(made)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(TamperedError):
            read(bytes(changed))


def test_a_changed_deflated_byte_changes_its_hash():
    """Some bits mean nothing to whoever unpacks, so the packed bytes are hashed."""
    made = archive(*SMALL)
    before = Archive(io.BytesIO(made), LAYOUT).measured("b.bin")
    start = made.index(b"PK\3\4", 1)
    for place in range(start, start + 55 + before.packed):
        changed = bytearray(made)
        changed[place] ^= 128
        try:
            after = Archive(io.BytesIO(bytes(changed)), LAYOUT).measured("b.bin")
        except TamperedError:
            continue

        assert after != before


def test_nothing_may_be_cut_or_added():
    """Neither before, nor behind, nor between."""
    made = archive(*SMALL)
    for changed in (
        b"",
        made[:-1],
        made[1:],
        made + b"\0",
        b"\0" + made,
        made + made,
        made[:40] + b"\0" + made[40:],
    ):
        with pytest.raises(TamperedError):
            read(changed)


def test_the_members_are_those_of_the_layout():
    """Others, fewer, more, another order or another name are refused."""
    made = archive(*SMALL)
    for layout in (
        {},
        {"a.txt": False},
        {"b.bin": True, "a.txt": False},
        {"a.txt": False, "../bin": True},
        {"a.txt": True, "b.bin": True},
        {**LAYOUT, "c": False},
    ):
        with pytest.raises(TamperedError):
            Archive(io.BytesIO(made), layout)


def test_a_common_zip_file_is_refused():
    """The same members in the form of another program."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as other:
        for name, content in zip(LAYOUT, SMALL, strict=True):
            other.writestr(name, content)
    with pytest.raises(TamperedError):
        Archive(out, LAYOUT)


def raw(content):
    stream = zlib.compressobj(9, wbits=-15)
    return stream.compress(content) + stream.flush()


def test_deflated_bytes_end_where_they_say():
    """Bytes behind their end, or none where it should be, are refused."""
    whole = raw(SMALL[1])
    for inner in (whole + b"\0", whole[:-1], b"", b"\xff" * 20):
        with pytest.raises(TamperedError):
            read(deflated(SMALL[1], inner))


def test_bytes_behind_a_whole_chunk_are_refused():
    """The same where the end falls on the border of what is read at once."""
    noise = b"".join(sha256(n.to_bytes(4)).digest() for n in range(CHUNK // 32 + 99))
    whole = raw(noise)
    padded = whole + bytes(2 * CHUNK)
    with pytest.raises(TamperedError):
        read(deflated(noise, padded))


@pytest.mark.parametrize("changes", [{"crc": 1}, {"size": 239}, {"size": 241}])
def test_the_headers_tell_the_truth(changes):
    """Another size or checksum than the content's is refused."""
    with pytest.raises(TamperedError):
        read(deflated(SMALL[1], raw(SMALL[1]), **changes))


@pytest.mark.slow
def test_a_bomb_is_refused_before_it_is_unpacked():
    """So many bytes out of so few are no log's."""
    bomb = raw(bytes(MAX_FREE * 200))
    most = MAX_SWELL * len(bomb) + MAX_FREE
    with pytest.raises(TamperedError):
        Archive(io.BytesIO(deflated(b"", bomb, size=most + 1)), LAYOUT)
    armed = Archive(io.BytesIO(deflated(b"", bomb, size=most)), LAYOUT)
    with pytest.raises(TamperedError):
        armed.measured("b.bin")


def test_a_bomb_that_lies_is_stopped():
    """It stops at the size that it claims, and not later."""
    bomb = raw(bytes(MAX_FREE * 20))
    armed = Archive(io.BytesIO(deflated(b"", bomb, size=CHUNK)), LAYOUT)
    seen = []
    with pytest.raises(TamperedError):
        seen.extend(map(len, armed.stream("b.bin")))

    assert sum(seen) <= CHUNK


def test_a_stored_member_has_one_size():
    """What is not packed is as long as it is."""
    out = io.BytesIO()
    lying = Member("a.txt", deflated=False, crc=0, size=1, packed=0)
    packing = Packing("b.bin", io.BytesIO(), deflated=True)
    assemble(out, {lying: io.BytesIO(), packing.finish(): packing.file})
    with pytest.raises(TamperedError):
        Archive(out, LAYOUT)


def test_small_members_are_read_whole():
    """Up to so many bytes."""
    opened = Archive(io.BytesIO(archive(*SMALL)), LAYOUT)

    assert opened.content("a.txt", 5) == b"hello"
    with pytest.raises(TamperedError):
        opened.content("a.txt", 4)


def test_a_file_that_shrinks_meanwhile_is_refused():
    """What is gone is not read as nothing."""
    file = io.BytesIO(archive(*SMALL))
    opened = Archive(file, LAYOUT)
    file.truncate(50)
    with pytest.raises(TamperedError):
        opened.content("b.bin", 1000)
