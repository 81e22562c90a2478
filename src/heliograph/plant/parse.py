"""From parsed TOML or JSON to typed values, with every mistake of form, not only the first.

msgspec stops at the first mistake, and does it fast; so the fast way is tried first, and only a file that fails it is
walked key by key.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

__all__ = ["HIGHEST", "child", "doubles", "judged", "tables", "typed"]

HIGHEST = 1e9
"""No figure of a plant is larger; a number beyond it is a slip of the keyboard."""

T = TypeVar("T", bound=msgspec.Struct)


def doubles(what: str, names: Iterable[tuple[str, str]]) -> Iterator[str]:
    """(path, name) pairs whose name was already taken by an earlier path."""
    first: dict[str, str] = {}
    for path, name in names:
        if name in first:
            yield f"{path}: {what} {name!r} is already at {first[name]}; expected each only once"
        first.setdefault(name, path)


def typed(raw: Any, kind: type[T]) -> tuple[T | None, list[str]]:
    """`raw` as a `kind`, or every place where it is not one, as "$.path: expected ..., got ..."."""
    try:
        value = msgspec.convert(raw, kind)
    except msgspec.ValidationError as wrong:
        mistakes = list(_walk(raw, kind, "$"))
        return None, mistakes or [f"$: {_plain(wrong)}"]
    return judged(value)


def judged(value: T) -> tuple[T | None, list[str]]:
    """A value whose form is right, unless a number in it is absurd; those places, as `typed` has them.

    A wrong number cannot be judged by rules that calculate with it, so it counts as a mistake of form.
    """
    if _sane(value):
        return value, []
    mistakes = [
        f"{child(path, key)}: expected a number within ±{HIGHEST:.0e}, got {_short(number)}"
        for path, table in tables(value)
        for key, number in _numbers(table)
        if not (math.isfinite(number) and abs(number) <= HIGHEST)
    ]
    return None, mistakes


def _sane(thing: msgspec.Struct) -> bool:
    """Whether no number in a parsed file is absurd: a quick look without paths, since a layout has 20,000 tables."""
    left: list[Any] = [thing]
    for one in left:
        for value in msgspec.structs.astuple(one):
            kind = type(value)
            if kind is float or kind is int:
                if not -HIGHEST <= value <= HIGHEST:  # nor is it, if it is no number at all
                    return False
            elif kind is list:
                if value and isinstance(value[0], msgspec.Struct):
                    left += value
            elif isinstance(value, msgspec.Struct):
                left.append(value)
    return True


def tables(thing: msgspec.Struct, path: str = "$") -> Iterator[tuple[str, msgspec.Struct]]:
    """Each table of a parsed file with its path, from the outermost inwards."""
    yield path, thing
    for name, key in _keys(type(thing)):
        value = getattr(thing, name)
        if isinstance(value, msgspec.Struct):
            yield from tables(value, f"{path}.{key}")
        elif isinstance(value, list):
            for index, entry in enumerate(value):
                if isinstance(entry, msgspec.Struct):
                    yield from tables(entry, f"{path}.{key}[{index}]")


@cache
def _keys(kind: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """(name in the code, name in the file) of each key."""
    return tuple(zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True))


def child(path: str, key: str) -> str:
    """The path of a key; a key that is no plain word stands in quotes."""
    return f"{path}.{key}" if key.replace("_", "").isalnum() else f"{path}[{key!r}]"


def _numbers(table: msgspec.Struct) -> Iterator[tuple[str, float]]:
    for name, key in _keys(type(table)):
        value = getattr(table, name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield key, value


def _walk(raw: Any, kind: Any, path: str) -> Iterator[str]:
    """Mistakes of form below `path`."""
    options = [option for option in get_args(kind) if option is not type(None)]
    if get_origin(kind) is list:
        if not isinstance(raw, list):
            yield f"{path}: expected a list, got {_short(raw)}"
            return
        for index, entry in enumerate(raw):
            yield from _walk(entry, options[0], f"{path}[{index}]")
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _walk_table(raw, kind, path)
    elif len(options) == 1 and isinstance(options[0], type) and issubclass(options[0], msgspec.Struct):
        if raw is not None:  # X | None
            yield from _walk_table(raw, options[0], path)
    else:
        try:
            msgspec.convert(raw, kind)
        except msgspec.ValidationError as wrong:
            yield f"{path}: {_plain(wrong)}" + ("" if "got" in str(wrong) else f", got {_short(raw)}")


def _walk_table(raw: Any, kind: type[msgspec.Struct], path: str) -> Iterator[str]:
    if not isinstance(raw, dict):
        yield f"{path}: expected a table, got {_short(raw)}"
        return
    keys = _shape(kind)
    for key, (hint, required) in keys.items():
        if key in raw:
            yield from _walk(raw[key], hint, child(path, key))
        elif required:
            yield f"{child(path, key)}: missing; expected {_kind_name(hint)}"
    if kind.__struct_config__.forbid_unknown_fields:
        for key in raw:
            if key not in keys:
                close = difflib.get_close_matches(str(key), keys, n=1)
                known = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(keys)}"
                yield f"{child(path, str(key))}: unknown key; {known}"


@cache
def _shape(kind: type[msgspec.Struct]) -> dict[str, tuple[Any, bool]]:
    """Key in the file to its type, and whether it must be there."""
    hints = get_type_hints(kind)
    return {item.encode_name: (hints[item.name], item.required) for item in msgspec.structs.fields(kind)}


def _kind_name(kind: Any) -> str:
    if get_origin(kind) is list:
        return "a list"
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return "a table"
    names = {str: "text", float: "a number", int: "a whole number", bool: "true or false"}
    return names.get(kind) or " or ".join(str(getattr(part, "__name__", part)) for part in get_args(kind) or [kind])


def _plain(wrong: msgspec.ValidationError) -> str:
    """msgspec's message without its own path, in our words."""
    text = str(wrong).split(" - at `")[0].replace("`", "")
    return text[:1].lower() + text[1:]


def _short(raw: Any) -> str:
    """A value, short enough for one line."""
    if isinstance(raw, dict):
        return "a table"
    if isinstance(raw, list):
        return "a list"
    text = repr(raw)
    return text if len(text) <= 40 else text[:37] + "..."
