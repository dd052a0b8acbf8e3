"""What each rule finds in real files, sampled for a person to judge (docs/precision.md holds the verdicts).

    python bench/precision.py FOLDER [--rules CODES] [--most 30]

Prints, for each rule, how many findings it has in how many files, and up to `--most` of them, drawn
evenly over the files, with their excerpts. Every rule runs, previews included.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import defaultdict
from pathlib import Path

import curator
from curator.model import Finding
from curator.reporters import PLAIN, full, text

_SUFFIXES = (".jsonl", ".json", ".csv", ".ndjson", ".txt")


def sample(found: dict[str, list[Finding]], most: int) -> list[Finding]:
    """Up to `most` findings, in turn from each file; the same ones in every run."""
    chance = random.Random(0)
    piles = [chance.sample(findings, len(findings)) for _, findings in sorted(found.items())]
    drawn: list[Finding] = []
    while piles and len(drawn) < most:
        drawn += [pile.pop() for pile in piles][: most - len(drawn)]
        piles = [pile for pile in piles if pile]
    return sorted(drawn, key=lambda finding: finding.order)


def main() -> None:
    """Check every file of the folder and print the samples."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rules", default="ALL")
    parser.add_argument("--most", type=int, default=30)
    options = parser.parse_args()
    found: dict[str, dict[str, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    names = {}
    for path in sorted(options.folder.rglob("*")):
        if path.suffix in _SUFFIXES and path.name != "INDEX.jsonl" and path.is_file():
            report = curator.check(path, isolated=True, select=options.rules.split(","))
            for failure in report.failures:
                print(f"FAILED {failure}", file=sys.stderr)
            for finding in report.findings:
                names[finding.code] = f"{finding.code} {finding.name}"
                found[finding.code][str(path.relative_to(options.folder))].append(finding)
    for code in sorted(found):
        total = sum(map(len, found[code].values()))
        print(f"\n=== {names[code]}: {total:,} findings in {len(found[code])} files")
        for path, findings in sorted(found[code].items()):
            print(f"    {len(findings):6,}  {path}")
        for finding in sample(found[code], options.most):
            print(f"[{finding.severity}] {text.line(finding, PLAIN)}".replace(str(options.folder), ""))
            for detail in full.details(finding, PLAIN)[:2] if finding.excerpt else ():
                print(f"  {detail}")


if __name__ == "__main__":
    main()
