"""What a stand-in has received: in memory to be listed, and in a file that outlives it."""

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LISTED = 10_000

Record = dict[str, Any]


class Records:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._kept: deque[Record] = deque(maxlen=LISTED)
        self._next = 1
        file.parent.mkdir(parents=True, exist_ok=True)

    def add(self, content: Mapping[str, Any]) -> Record:
        with self._lock:
            record = {"id": str(self._next), "received_at": datetime.now(UTC).isoformat(), **content}
            self._next += 1
            self._kept.append(record)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
            return record

    def find(self, field: str, value: object) -> Record | None:
        with self._lock:
            return next((record for record in self._kept if record[field] == value), None)

    def listed(self, query: Mapping[str, str], *fields: str) -> list[Record]:
        """The kept records, oldest first, whose `fields` equal those of the query; `after` is an id."""
        after = int(query.get("after", 0))
        tests: list[Callable[[Record], bool]] = [lambda record: int(record["id"]) > after]
        tests += [_has(field, query[field]) for field in fields if field in query]
        with self._lock:
            return [record for record in self._kept if all(test(record) for test in tests)]

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()


def _has(field: str, wanted: str) -> Callable[[Record], bool]:
    def test(record: Record) -> bool:
        value = record[field]
        return wanted in value if isinstance(value, list) else bool(value == wanted)

    return test
