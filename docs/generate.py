"""Writes docs/rules from the cards, and the commands' help into the README (`make docs`).

With --check it only says what is out of date, and exits 1; a test does that.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from click.testing import CliRunner

from curator import load_rules, pages
from curator.cli.main import group

ROOT = Path(__file__).parent.parent
HELP = re.compile(r"(<!-- help: (?P<command>[a-z ]+) -->\n```console\n).*?(```\n<!-- /help -->)", re.DOTALL)


def wanted() -> dict[Path, str]:
    """Every generated file with the text it should have."""
    rules = load_rules()
    files = {ROOT / "docs" / "rules" / f"{rule.code}.md": pages.page(rule) for rule in rules.values()}
    files[ROOT / "docs" / "rules" / "README.md"] = pages.index(rules.values())
    readme = ROOT / "README.md"
    files[readme] = HELP.sub(_help, readme.read_text(encoding="utf-8"))
    return files


def _help(match: re.Match[str]) -> str:
    arguments = match["command"].split()[1:]
    result = CliRunner().invoke(group, [*arguments, "--help"], prog_name="curator", env={"COLUMNS": "100"})
    return f"{match[1]}$ {match['command']} --help\n{result.output}{match[3]}"


def main() -> int:
    """Write what is out of date, or with --check name it; 1 when something was to be named."""
    files = wanted()
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    extra = [path for path in (ROOT / "docs" / "rules").glob("*.md") if path not in files]
    for path in [*stale, *extra]:
        print(f"out of date: {path.relative_to(ROOT)}")
    if "--check" in sys.argv:
        return int(bool(stale or extra))
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(files[path], encoding="utf-8")
    for path in extra:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
