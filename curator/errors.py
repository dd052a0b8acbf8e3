"""The errors a caller may see: one for what was asked, one for a rule card, one for what was read.

Bad data is never an exception: it is a finding. These say that the job itself could not be done,
and the command ends with exit code 2.
"""


class CuratorError(Exception):
    """The job could not be done; the text is one line that says what to do about it."""


class UsageError(CuratorError):
    """A flag, a setting or a name is wrong."""


class CardError(CuratorError):
    """A rule card, target profile, preset or schema is broken; the text begins with its path."""


class InputError(CuratorError):
    """A file cannot be read: missing, no permission, a broken archive, not text."""
