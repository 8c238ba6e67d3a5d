# SPDX-License-Identifier: MIT
"""What the generated domains and repositories have in common."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, List, Protocol, TypeVar

R = TypeVar("R")


class Session(Protocol):
    """A unit of work, or a database, which opens one for the call."""

    def _call(self, symbol: str, values: dict[str, Any]) -> Any: ...


class Domain:
    """A namespace of services, named queries and repositories: `uow.trading` joins the unit, `db.trading` opens a unit
    for every call, commits it and gives the result."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session


class Repository(Domain):
    """The rows of a table."""

    __slots__ = ()


class Pages(Generic[R]):
    """A list that is read page by page, each page going on after the last row of the one before (keyset paging), so
    that rows that come or go meanwhile make none come twice. Iterating gives rows; pages() gives lists of them."""

    def __init__(self, session: Session, symbol: str, values: dict[str, Any]) -> None:
        self._session, self._symbol, self._values = session, symbol, values

    def __iter__(self) -> Iterator[R]:
        for page in self.pages():
            yield from page

    def pages(self) -> Iterator[List[R]]:
        size: int = self._values["page_size"]
        values: dict[str, Any] = {**self._values, "limit": size}
        while True:
            page: List[R] = self._session._call(self._symbol, values)
            if page:
                yield page
            if len(page) < size:
                return
            values["after"] = page[-1]
