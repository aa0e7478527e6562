"""The command line in this process: parsed anew each time, by one parser."""

from functools import cache
from typing import Any
from unittest.mock import patch

from placement_client.__main__ import app
from typer import testing
from typer.main import get_command

# Making the parser of some eighty commands costs ten times what a command does. It
# keeps nothing from one run to the next: the program makes one, and runs it once.
_parser = cache(get_command)


def run(words: Any, *, stdin: str | None = None, **env: str) -> testing.Result:
    """Run a command line under some environment, and return its result."""
    runner = testing.CliRunner(env=env)
    with patch.object(testing, "_get_command", _parser):
        return runner.invoke(app, [str(word) for word in words], input=stdin)
