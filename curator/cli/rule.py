"""`curator rule`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from curator import catalogue, pages, settings
from curator.errors import UsageError


@click.command("rule", short_help="Explain a rule.")
@click.argument("name", required=False, metavar="[RULE]")
@click.option("--all", "everything", is_flag=True, help="List every rule.")
@click.option("--test", "test", is_flag=True, help="Run the examples of the card (or of all cards, with --all).")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="[default: text]")
@click.option("--config", type=click.Path(), help="This settings file, for rules of your own.")
@click.pass_context
def command(
    ctx: click.Context, name: str | None, everything: bool, test: bool, output_format: str, config: str | None
) -> None:
    """Explain a rule: what it finds, why it matters, its source, parameters and examples.

    A RULE is a code or a name. A prefix or a family lists its rules.

    \b
    Examples:
      curator rule SEP002
      curator rule inconsistent-separator    the same rule by its name
      curator rule SEP                       the rules of a prefix; also of a family: labels
      curator rule --all                     every rule, also those of your own in rule-dirs
      curator rule ACM001 --test             does my own card do what its examples say?

    Exit codes: 0 shown, 1 an example of --test went wrong, 2 there is no such rule.
    """
    found = settings.for_path(Path.cwd() / "-", config, isolated=False)
    rules = catalogue.load(found.rule_dirs, found.digests())
    if everything == (name is not None):
        raise UsageError("name one rule or a family (SEP), or give --all")
    chosen = [rules.rules[code] for code in sorted(rules.expand(["ALL" if everything else name or ""]))]
    if test:
        ctx.exit(_test(chosen, found))
    if output_format == "json":
        from curator.reporters.json import dumps

        plain: Any = [pages.plain(rule) for rule in chosen]
        click.echo(dumps(plain if len(chosen) > 1 else plain[0]))
    elif len(chosen) > 1:
        for rule in chosen:
            fix = "" if rule.card.fix == "none" else f"[{rule.card.fix}]"
            click.echo(f"{rule.code}  {rule.name:<30} {rule.severity!s:<8} {fix}".rstrip())
    else:
        click.echo(pages.page(chosen[0]))


def _test(rules: list[catalogue.Rule], found: settings.Settings) -> int:
    from curator.examples import verify
    from curator.reporters.text import counted

    complaints = [complaint for rule in rules for complaint in verify(rule, found)]
    for complaint in complaints:
        click.echo(complaint, file=sys.stderr)
    count = sum(len(rule.card.examples) for rule in rules)
    for rule in rules:
        if not rule.card.examples:
            click.echo(f"{rule.path}: has no examples, so nothing shows that it works", err=True)
    click.echo(f"{counted(count, 'example')} of {counted(len(rules), 'rule')}, {len(complaints)} wrong")
    return 1 if complaints else 0
