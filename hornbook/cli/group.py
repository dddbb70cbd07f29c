"""Groups of commands."""

import difflib

import click


class Group(click.Group):
    """Lists its commands in the order of a recipe, not of the alphabet, and knows the nearest to a misspelt one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self.commands and not name.startswith("-") and not ctx.resilient_parsing:
            close = difflib.get_close_matches(name, list(self.commands), n=1, cutoff=0.5)
            hint = f"did you mean '{close[0]}'?" if close else f"{ctx.command_path} --help lists them"
            raise click.UsageError(f"No such command '{name}' ({hint})")
        return super().resolve_command(ctx, args)
