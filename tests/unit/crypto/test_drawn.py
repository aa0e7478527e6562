"""Random bytes, drawn a page at once."""

import os

import pytest

from placement.crypto import drawn
from placement.crypto.drawn import PAGE, draw


@pytest.fixture(autouse=True)
def _fresh():
    """Begin and end without a page."""
    drawn._page.clear()
    yield
    drawn._page.clear()


def counted(monkeypatch):
    """Have the kernel's pages noted."""
    pages = []

    def kernel(size):
        pages.append(bytes((size * len(pages) + i) * 7919 % 251 for i in range(size)))
        return pages[-1]

    monkeypatch.setattr(os, "urandom", kernel)
    return pages


def test_every_byte_is_given_out_once(monkeypatch):
    """What is drawn from a page, put together, is the page and no more of it."""
    pages = counted(monkeypatch)
    got = [draw(16) for _ in range(PAGE // 16)]

    assert b"".join(reversed(got)) == pages[0]
    assert len(pages) == 1
    assert draw(16) == pages[1][-16:]


def test_what_a_page_lacks_is_drawn_from_the_next(monkeypatch):
    """What is left of the old one is given to nobody."""
    pages = counted(monkeypatch)
    draw(PAGE - 8)

    assert draw(12) == pages[1][-12:]
    assert drawn._page == pages[1][:-12]


def test_nothing_of_it_is_kept():
    """What was given out is gone from the page."""
    got = draw(32)

    assert (len(got), len(drawn._page)) == (32, PAGE - 32)
    assert got not in drawn._page


@pytest.mark.parametrize("size", [0, -1, PAGE + 1])
def test_one_page_at_a_time(size):
    """More is none of its business."""
    with pytest.raises(ValueError, match="one page"):
        draw(size)


def test_a_forked_process_draws_its_own():
    """It has nothing of what its parent will give out, and is not kept waiting."""
    draw(16)
    read, write = os.pipe()
    drawn._lock.acquire()  # as a thread may hold it that is not in the child
    child = os.fork()
    if not child:
        os.write(write, bytes([not drawn._page]) + draw(16))
        os._exit(0)
    drawn._lock.release()
    os.waitpid(child, 0)
    got = os.read(read, 17)
    os.close(read), os.close(write)

    assert got[0] == 1
    assert got[1:] != draw(16)


def test_what_a_fork_forgets():
    """As a child does; here, where it can be seen."""
    draw(16)
    held = drawn._lock
    drawn._forget()

    assert (len(drawn._page), drawn._lock is held) == (0, False)
