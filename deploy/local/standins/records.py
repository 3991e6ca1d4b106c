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
    """The newest records; with ``key`` one of their fields finds them without a search."""

    def __init__(self, file: Path, *, key: str | None = None) -> None:
        self._lock = threading.Lock()
        self._kept: deque[Record] = deque()
        self._key = key
        self._by_key: dict[Any, Record] = {}
        self._next = 1
        file.parent.mkdir(parents=True, exist_ok=True)
        self._output = file.open("a", encoding="utf-8", buffering=1)

    def add(self, content: Mapping[str, Any]) -> Record:
        with self._lock:
            record = {"id": str(self._next), "received_at": datetime.now(UTC).isoformat(), **content}
            self._next += 1
            self._kept.append(record)
            if self._key is not None:
                self._by_key[record[self._key]] = record
            if len(self._kept) > LISTED:
                oldest = self._kept.popleft()
                if self._key is not None:
                    self._by_key.pop(oldest[self._key], None)
            self._output.write(json.dumps(record, ensure_ascii=False) + "\n")
            return record

    def find(self, value: object) -> Record | None:
        """The record whose key is ``value``."""
        with self._lock:
            return self._by_key.get(value)

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
            self._by_key.clear()

    def close(self) -> None:
        with self._lock:
            self._output.close()


def _has(field: str, wanted: str) -> Callable[[Record], bool]:
    def test(record: Record) -> bool:
        value = record[field]
        return wanted in value if isinstance(value, list) else bool(value == wanted)

    return test
