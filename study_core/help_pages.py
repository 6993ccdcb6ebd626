"""What every command says to --help, as a page of the documents."""

from collections.abc import Iterator

import click

WIDTH = 100
"""Of a line, whatever terminal the page is written in."""


def write_help(study: click.Group) -> str:
    """Return a Markdown section with the help of each command of `study`, in their order."""
    blocks = (
        f"## `{context.command_path}`\n\n```text\n{context.command.get_help(context)}\n```"
        for context in walk_commands(click.Context(study, info_name="study", terminal_width=WIDTH))
    )
    return "\n\n".join(blocks)


def walk_commands(context: click.Context) -> Iterator[click.Context]:
    """Yield the context of each command below that of a group, and of the groups among them."""
    group = context.command
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            below = click.Context(command, info_name=name, parent=context, terminal_width=WIDTH)
            yield below
            yield from walk_commands(below)
