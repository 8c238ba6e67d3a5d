# SPDX-License-Identifier: MIT
"""The base of all exceptions. A class per error code is generated from error.h."""
from __future__ import annotations

from typing import Any


class Error(Exception):
    """What the library, or the server through it, refuses. str() is one line for a person; it never holds a password,
    a key, or a value of a secret column. docs/errors.md explains every code."""

    code: int = 0
    """The TRDB_E_* number."""

    def __init__(self, message: str, *, code: int | None = None, sqlstate: str | None = None,
                 detail: str | None = None, constraint: str | None = None, table: str | None = None,
                 column: str | None = None, statement: str | None = None, row: int | None = None,
                 call: int | None = None, not_run: int = 0, retryable: bool = False,
                 in_doubt: bool = False) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.sqlstate = sqlstate
        """The server's five characters, or None for an error that it did not report."""
        self.detail = detail
        """The server's DETAIL or HINT; None for tables with secret columns."""
        self.constraint = constraint
        self.table = table
        self.column = column
        self.statement = statement
        """The call that failed, such as trading_trades.insert."""
        self.row = row
        """The index of the row in a call that takes many."""
        self.call = call
        """Which of the unit's calls the server refused, as UnitOfWork.calls counts them; None for none of them."""
        self.not_run = not_run
        """How many calls behind that one were made and did not run."""
        self.retryable = retryable
        """True when running the whole unit of work again may succeed."""
        self.in_doubt = in_doubt
        """True when it is not known whether the unit was committed."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.message, dict(self.__dict__))


def _restore(kind: type[Error], message: str, state: dict[str, Any]) -> Error:
    error = kind(message)
    error.__dict__.update(state)
    return error
