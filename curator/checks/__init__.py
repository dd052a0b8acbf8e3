"""What can be checked: one module per subject.

A check is a plain function of a file's head, a line or an example that yields problems, or a small
class with `add`, `merge` and `finish` for what needs more than one record. It knows no code, no
severity and no file; cards name it as `module.function` (see docs/writing-rules.md).
"""
