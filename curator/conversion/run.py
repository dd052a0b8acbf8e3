"""One conversion, from an origin to its files, with every record accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal

from curator import formats as detection
from curator.conventions import Survey
from curator.conversion import completion, exact, habits, mapping, text
from curator.conversion.cells import usable
from curator.conversion.conversation import Conversation, Options
from curator.conversion.formats import FORMATS, read, usual_target, write
from curator.conversion.mapping import Columns
from curator.conversion.origin import Origin, Row
from curator.conversion.output import Output
from curator.conversion.records import SAMPLE
from curator.conversion.refusal import Refusal, quoted
from curator.errors import CuratorError, InputError, UsageError

_REASONS = 50  # different reasons that are kept apart
_PLACES = 3  # places that are kept of each
_STEP = 1000  # rows between two reports of progress


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for."""

    to: str | None = None
    """The format to write; None: the usual one."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Field -> column, where the user says so."""
    options: Options = field(default_factory=Options)
    separator: str | None = None
    start: str | None = None
    stop: str | None = None
    """None: as the records show; "" for none."""
    extra: Literal["keep", "drop"] | None = None
    """What becomes of keys that the format does not have; None refuses them."""
    skip: bool = False
    pins: Mapping[str, Any] = field(default_factory=dict)
    """What the settings say of the file's conventions."""


@dataclass(slots=True)
class Outcome:
    """What became of the records."""

    target: str
    read: int = 0
    written: int = 0
    blank: int = 0
    padded: int = 0
    """Records that nulls of a columnar writer were taken out of."""
    refused: Counter[str] = field(default_factory=Counter)
    """Why, and how often."""
    places: dict[str, list[str]] = field(default_factory=dict)
    """The first places of each reason."""
    extra: Counter[str] = field(default_factory=Counter)
    """Keys that the format does not have, with how many records have each; empty once it is decided on them."""
    formats: Counter[str] = field(default_factory=Counter)
    """In which formats the records are that could be read."""
    odd: Counter[str] = field(default_factory=Counter)
    """`prompt`, `completion`: how many of them keep something like the ending that was to be taken off."""
    odd_places: dict[str, list[str]] = field(default_factory=dict)
    """The first places of each."""

    @property
    def rejected(self) -> int:
        """How many records were not carried over."""
        return self.refused.total()

    def refuse(self, place: str, reason: str) -> None:
        """Count a record that cannot be carried over."""
        if reason not in self.refused and len(self.refused) >= _REASONS:
            reason = "cannot be carried over either, for other reasons"
        self.refused[reason] += 1
        _note(self.places, reason, place)

    def note(self, place: str, conversation: Conversation) -> None:
        """Count what should be said of a record that is carried over."""
        self.formats[conversation.origin] += 1
        for name in conversation.odd:
            self.odd[name] += 1
            _note(self.odd_places, name, place)


def _note(places: dict[str, list[str]], key: str, place: str) -> None:
    listed = places.setdefault(key, [])
    if len(listed) < _PLACES:
        listed.append(place)


def convert(
    origin: Origin,
    out: Output,
    rejected: Output,
    request: Request,
    *,
    say: Callable[[str], None] = lambda text: None,
    progress: Callable[[int, int], None] = lambda done, records: None,
) -> Outcome:
    """Convert every row of the origin; `out` and `rejected` are committed where the outcome allows it.

    `say` hears what was guessed and learned, `progress` how much of the origin is done and how many rows that was.
    Raises UsageError where the columns or the format do not say enough, InputError for a file without records.
    """
    columns = _mapped(origin, request, say)
    target, options = _settled(origin, columns, request, say)
    outcome = Outcome(target)
    for row in origin.rows():
        if row.value is None:
            outcome.blank += 1
            continue
        outcome.read += 1
        try:
            line = _converted(row, columns, target, options, request, outcome)
        except Refusal as refusal:
            outcome.refuse(row.place, str(refusal))
            if request.skip:
                rejected.write(row.untouched())
        else:
            outcome.written += 1
            if request.skip or not (outcome.refused or outcome.extra):
                out.write(line)
        if outcome.read % _STEP == 0:
            progress(row.done, outcome.read)
    if not outcome.read:
        raise InputError(f"{origin.path}: holds no {origin.unit}s")
    if not origin.unchanged():
        raise InputError(f"{origin.path}: the file changed while it was read; convert it again")
    if (outcome.rejected and not request.skip) or outcome.extra or not outcome.written:
        outcome.written = 0
        return outcome
    if outcome.read != out.lines + rejected.lines:
        raise CuratorError(
            f"{origin.path}: {outcome.read} in, {out.lines} out, {rejected.lines} rejected: not all is there"
        )
    out.finish()  # where the disk is full, neither of them appears
    if outcome.rejected:
        rejected.commit()
    out.commit()
    if not outcome.rejected and request.skip and rejected.discard():
        say(f"nothing was rejected: {rejected.path} of an earlier run is removed")
    return outcome


def _mapped(origin: Origin, request: Request, say: Callable[[str], None]) -> Columns | None:
    """Which columns are what; None for records that are in a known format as they are."""
    names = origin.columns
    if names is None:
        keys: dict[str, None] = {}
        votes: Counter[str] = Counter()
        for record in _sample(origin):
            keys.update(dict.fromkeys(record))
            votes[detection.detect(record)] += 1
        names = tuple(keys)
        usual = votes.most_common(1)[0][0] if votes else ""
        if not request.columns:
            if usual and usual not in FORMATS:
                raise UsageError(f"{origin.path}: {usual} is a format that cannot be converted")
            # A text with a label beside it is meant as a prompt with its answer.
            if not votes or (usual and not (usual == text.NAME and mapping.labelled(names))):
                return None
    found = mapping.propose(names, request.columns)
    if found is None:
        if origin.columns is None and (name := _wrapper(origin)) is not None:
            raise UsageError(
                f"{origin.path}: is one object, whose {quoted(name)} holds a list of records: "
                "put that list alone into the file"
            )
        whose = "columns" if origin.columns is None else "columns, by the first row"
        raise UsageError(
            f"{origin.path}: the names do not say which column is what: --map prompt=COLUMN,completion=COLUMN does "
            f"({whose}: {mapping.listed(names)})"
        )
    if found.guessed and any(name != column for name, column in found.columns.items()):
        say(f"{found}   (change it with --map {','.join(f'{name}=COLUMN' for name in found.columns)})")
    return found


def _wrapper(origin: Origin) -> str | None:
    """The key under which a file's only record holds a list of others; None where there is none."""
    records = list(islice(_sample(origin), 2))
    lists = ((key, value) for key, value in records[0].items() if isinstance(value, list)) if len(records) == 1 else ()
    return next((key for key, value in lists if value and all(isinstance(item, dict) for item in value)), None)


def _settled(
    origin: Origin, columns: Columns | None, request: Request, say: Callable[[str], None]
) -> tuple[str, Options]:
    """The target, and the options with the endings that were given or learned."""
    votes: Counter[str] = Counter()
    survey = Survey()
    for sampled in _sample(origin):
        try:
            record = columns.apply(sampled)[0] if columns else sampled
        except Refusal:
            continue
        votes[detected := detection.detect(record)] += 1
        if detected == completion.NAME:
            habits.add(survey, record)
    name = votes.most_common(1)[0][0] if votes else ""
    target = request.to or (text.NAME if origin.unit in ("line", "paragraph") else usual_target(name))
    framing = (request.separator, request.start, request.stop)
    options = habits.given(request.options, *framing)
    if name == completion.NAME and target not in (completion.NAME, text.NAME):
        chosen, notes = habits.taken_off(habits.learned(survey, request.pins), *framing)
        for note in notes:
            say(note)
        options = replace(options, **chosen)
    elif target == completion.NAME and name not in (completion.NAME, text.NAME) and framing == (None, None, None):
        say("nothing is put around the texts (--separator '\\n\\n###\\n\\n' --start ' ' --stop ' END' would)")
    return target, options


def _sample(origin: Origin) -> Iterator[dict[str, Any]]:
    if origin.sample is not None:
        return origin.sample()
    return (row.value for row in islice(origin.rows(), SAMPLE) if isinstance(row.value, dict))


def _converted(
    row: Row, columns: Columns | None, target: str, options: Options, request: Request, outcome: Outcome
) -> bytes:
    if not isinstance(row.value, dict):
        raise row.value or Refusal("there is nothing")
    record, more = columns.apply(row.value) if columns else (row.value, {})
    conversation = read(record, options)
    outcome.note(row.place, conversation)
    extra = conversation.extra | more
    if request.extra is None:
        outcome.extra.update(extra.keys())
    made = write(conversation, target, options)
    if request.extra == "keep":
        if taken := extra.keys() & made.keys():
            raise Refusal(f"the key {quoted(min(taken))} would stand there twice")
        made |= {key: usable(value, key) for key, value in extra.items()}
    line = exact.line(made)
    if request.extra == "keep" and extra:
        _check_kept(made, extra, target)
    outcome.padded += row.padded
    return line


def _check_kept(made: dict[str, Any], extra: Mapping[str, Any], target: str) -> None:
    """Raises Refusal for a kept key by which the record would say something else."""
    try:
        kept = read(made, Options()).extra
    except Refusal as refusal:
        raise Refusal(f"with the keys that are kept it would be no {target}: {refusal}") from None
    if taken := extra.keys() - kept.keys():
        raise Refusal(f"the key {quoted(min(taken))} cannot be kept: it has a meaning in {target}")
