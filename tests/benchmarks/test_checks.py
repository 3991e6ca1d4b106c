"""The benchmarks find out a contender that does less than it is credited with."""

from typing import Any

import pytest

from benchmarks.comparing import Contender, Failed
from benchmarks.consuming import _check


class Rows:
    """A stage whose tables hold so many rows, the last of them numbered so."""

    def __init__(
        self, effects: int, last: int, inbox: int | None = None, distinct: int | None = None
    ) -> None:
        self._counted = {"inbox": effects if inbox is None else inbox, "effects": effects}
        self._rows = {"DISTINCT": effects if distinct is None else distinct, "seq": last}
        self.database = self

    def count(self, table: str) -> int:
        return self._counted[table]

    def execute(self, statement: str) -> Any:
        found = next(value for word, value in self._rows.items() if word in statement)
        return type("Found", (), {"fetchone": lambda _: (found,)})()


SENT = Contender("peer", "module", 1_000)


@pytest.mark.parametrize(
    "rows",
    [
        Rows(effects=500, last=1_000),
        Rows(effects=200, last=400),
        Rows(effects=999, last=1_000),
        Rows(effects=1_001, last=1_001),
        Rows(effects=1_000, last=1_000, inbox=999),
        Rows(effects=1_000, last=1_000, distinct=999),
    ],
)
def test_rows_rolled_back_missing_or_doubled_give_no_speed(rows: Any) -> None:
    with pytest.raises(Failed):
        _check(rows, SENT)


@pytest.mark.parametrize("rows", [Rows(effects=1_000, last=1_000), Rows(effects=395, last=400)])
def test_all_of_the_work_or_what_was_done_of_it_does(rows: Any) -> None:
    _check(rows, SENT)
