"""Write docs/commands.md from the commands themselves: `python docs/commands.py`. A test keeps the two the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from heliograph.cli.main import EXIT_CODES, cli

__all__ = ["DOCUMENT", "document"]

DOCUMENT = Path(__file__).with_name("commands.md")

_INTRO = """# Commands

Written by `python docs/commands.py` from the commands themselves.

Results go to stdout, progress and errors to stderr. With `--json` a command prints one JSON document on stdout, and
nothing else there; an error then is `{"error": {"kind", "message", "hint", "exit_code", "fields"}}`.
`HELIOGRAPH_DEBUG=1` shows the traceback of a mistake in Heliograph itself.
"""


def _walk(command: click.Command, path: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    settings = {**command.context_settings, "max_content_width": 100, "terminal_width": 100}
    context = click.Context(command, info_name=path.rsplit(maxsplit=1)[-1], parent=parent, **settings)
    if isinstance(command, click.Group):
        if parent is not None:
            yield path, command.get_help(context)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _walk(found, f"{path} {name}", context)
    else:
        yield path, command.get_help(context)


def document() -> str:
    """The whole page, as Markdown."""
    parts = [_INTRO, "## Exit codes\n\n| code | meaning |\n|---|---|"]
    parts[-1] += "".join(f"\n| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()) + "\n"
    for path, text in _walk(cli, "heliograph", None):
        parts.append(f"## {path}\n\n```text\n{text.rstrip()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
