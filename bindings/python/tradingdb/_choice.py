# SPDX-License-Identifier: MIT
"""Closed sets of values: enums whose members are the database's texts."""
from __future__ import annotations

import enum
from typing import Any, TypeVar

C = TypeVar("C", bound="Choice")
_registered: dict[str, type[Choice]] = {}


class Choice(str, enum.Enum):
    """One of a closed set. A member is its text, so `trade.direction == "long"`; `code` is the constant's number in
    C. Where a call takes a Choice it takes the text as well. A text that the database holds and this package does not
    know comes as a plain str."""

    code: int

    def __new__(cls: type[C], text: str, code: int) -> C:
        member = str.__new__(cls, text)
        member._value_ = text
        member.code = code
        return member

    def __init_subclass__(cls, c: str = "", any_case: bool = False, **_: Any) -> None:
        super().__init_subclass__()
        _settings[cls.__name__] = any_case
        if c:
            _registered[c] = cls

    __str__ = str.__str__
    __format__ = str.__format__  # type: ignore[assignment]

    @classmethod
    def _missing_(cls, value: object) -> Choice | None:
        if isinstance(value, str) and _settings[cls.__name__]:
            return cls._value2member_map_.get(value.lower())  # type: ignore[return-value]
        return None


def member(kind: type[Choice], text: str) -> Choice | None:
    """The member of a text, or None."""
    try:
        return kind(text)  # type: ignore[call-arg]
    except ValueError:
        return None


_settings: dict[str, bool] = {}


def choice(name: str) -> type[Choice]:
    """The class of a C enum, by its name without trdb_."""
    return _registered[name]


def by_code(name: str) -> dict[int, Choice]:
    return {member.code: member for member in choice(name)}
