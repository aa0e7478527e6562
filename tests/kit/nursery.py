"""Starts a program again and again, for a test that kills it.

It is forked from a process that has imported it, so that a start costs no imports. For
each line that comes in, one life: a line with its number goes out when it begins, and
one with how it ended.
"""

import os
import sys

from placement_client.__main__ import main


def tell(number: int) -> None:
    """Write a number on a line of its own."""
    os.write(1, f"{number}\n".encode())


def live(words: list[str]) -> None:
    """Let the program live until it ends or is killed."""
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.argv = ["placement", *words]
        main()
    tell(child)
    tell(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    for _ in sys.stdin:
        live(sys.argv[1:])
