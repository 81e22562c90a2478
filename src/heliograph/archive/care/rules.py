"""Rules for keeping discs, as data: `rules/*.toml` in this folder, and files that users write in the same form.

Every figure in a rule stands beside the place it is cited from, and a rule without a citation is refused.
docs/archive.md describes the keys.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final, Literal

import msgspec

from heliograph.errors import RuleWrong, UsageWrong

__all__ = ["SHIPPED", "Copying", "Interval", "Level", "Rule", "read_rule", "rule_called"]

_FOLDER: Final = Path(__file__).with_name("rules")
SHIPPED: Final = ("iso-29121", "gbt-18894-2002", "gbt-17678-1999")
"""Names of the rules that come with Heliograph; the first is the default."""


_MEANT: Final = {"float": "a number", "int": "a number", "str": "text", "bool": "true or false", "array": "a list"}
"""What msgspec's names of types mean to who writes a TOML file."""


class Interval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often discs are tested."""

    years: float
    """At most so long between two tests."""
    citation: str
    sample: float = 1.0
    """Share of all discs that is tested each time, at least."""
    initial: bool = False
    """A disc is tested as soon as it is sealed; else its first test is due an interval later."""
    deep: bool = False
    """Only deep tests count."""
    life: bool = False
    """The interval may follow from an estimated life instead."""


class Copying(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When discs are copied, whatever their state."""

    years: float
    """So long after sealing, at the latest."""
    citation: str


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A warning level: what is to be done when the last test of a disc measured so much."""

    name: str
    measure: Literal["worst_share", "damaged_share"]
    """Roots that the worst ECC block uses, as a share; damaged sectors, as a share of the disc's."""
    at_least: float
    do: Literal["test", "copy"]
    citation: str
    within_years: float = 0.0
    """So long after that test, at the latest."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule for keeping discs."""

    name: str
    title: str
    test: Interval | None = None
    copy: Copying | None = None
    level: tuple[Level, ...] = ()
    """From the mildest to the gravest: of those reached, the last counts."""


def rule_called(text: str) -> Rule:
    """The shipped rule of that name, or the one in that file.

    Raises:
        UsageWrong: there is neither. RuleWrong: the file has a mistake.
    """
    if text in SHIPPED:
        return read_rule(_FOLDER / f"{text}.toml")
    path = Path(text)
    if path.is_file():
        return read_rule(path)
    missing = "no such file" if path.suffix == ".toml" else f"expected one of {', '.join(SHIPPED)}, or a file"
    raise UsageWrong(
        f"--rule {text}: {missing}",
        hint='limits of another standard go into a TOML file of your own: docs/archive.md, "A hundred years of care"',
    )


def read_rule(path: Path) -> Rule:
    """The rule in a TOML file.

    Raises:
        RuleWrong: it is not TOML, or not a rule; with file and place.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        rule = msgspec.convert(raw, Rule)
    except UnicodeDecodeError as wrong:
        raise _wrong(path, f"byte {wrong.start}: expected text in UTF-8") from None
    except OSError as wrong:
        raise _wrong(path, f"cannot be read: {(wrong.strerror or str(wrong)).lower()}") from None
    except msgspec.ValidationError as wrong:
        raise _wrong(path, _key_first(str(wrong))) from None
    except (ValueError, RecursionError) as wrong:  # TOMLDecodeError is a ValueError, and so are numbers too long
        raise _wrong(path, _line_first(str(wrong))) from None
    for mistake in _mistakes(rule):
        raise _wrong(path, mistake)
    return rule


def _mistakes(rule: Rule) -> list[str]:
    """What types alone do not say; each with its key, the first first."""
    found = [f"$.{key}: expected a word, got nothing" for key in ("name", "title") if not getattr(rule, key).strip()]
    parts: list[tuple[str, Interval | Copying | Level]] = []
    parts += [("$.test", rule.test)] if rule.test else []
    parts += [("$.copy", rule.copy)] if rule.copy else []
    parts += [(f"$.level[{place}]", level) for place, level in enumerate(rule.level)]
    if not parts:
        found.append("$: expected [test], [copy] or [[level]]; a rule without one asks for nothing")
    for place, part in parts:
        if isinstance(part, Level):
            if not 0 < part.at_least <= 1:
                found.append(f"{place}.at_least: expected a share above 0, up to 1, got {part.at_least:g}")
            if not 0 <= part.within_years <= 200:
                found.append(f"{place}.within_years: expected 0 to 200, got {part.within_years:g}")
        elif not 1 / 12 <= part.years <= 200:
            found.append(f"{place}.years: expected 1/12 (a month) to 200, got {part.years:g}")
        if isinstance(part, Interval) and not 0 < part.sample <= 1:
            found.append(f"{place}.sample: expected a share above 0, up to 1, got {part.sample:g}")
        if not part.citation.strip():
            found.append(f"{place}.citation: expected where the figure is from, got nothing")
    return found


def _key_first(message: str) -> str:
    """msgspec's message, place first."""
    found = re.fullmatch(r"(.*?)(?: - at `(.*)`)?", message, re.DOTALL)
    assert found is not None
    said = found[1]
    for word, meant in _MEANT.items():
        said = said.replace(f"`{word}`", meant)
    said = said.replace("`", "")
    return f"{found[2] or '$'}: {said[:1].lower()}{said[1:]}"


def _line_first(message: str) -> str:
    """tomllib's message, place first."""
    found = re.fullmatch(r"(.*) \(at (line \d+, column \d+|end of document)\)", message, re.DOTALL)
    return f"{found[2]}: not TOML: {found[1].lower()}" if found else f"not TOML: {message.splitlines()[0].lower()}"


def _wrong(path: Path, mistake: str) -> RuleWrong:
    return RuleWrong(
        f"{path}: {mistake}",
        hint='mend the file and try again; docs/archive.md describes each key ("A hundred years of care")',
        path=str(path),
    )
