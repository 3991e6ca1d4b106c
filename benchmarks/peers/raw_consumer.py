"""Hand-written pika + psycopg: batches, one transaction and one acknowledgement each, nothing else.

The ceiling: no retries, no parking, no reconnecting, no contract, no correlation, no timers.
"""

import sys
from typing import Any

import orjson
import pika
import psycopg

DATABASE_URL, AMQP_URL, QUEUE = sys.argv[1:4]
BATCH = 400
PREFETCH = 3 * BATCH


class Consumer:
    def __init__(self) -> None:
        self.database = psycopg.connect(DATABASE_URL)
        self.batch: list[Any] = []
        self.scheduled = False
        self.connection = pika.SelectConnection(
            pika.URLParameters(AMQP_URL),
            on_open_callback=lambda connection: connection.channel(on_open_callback=self.opened),
        )

    def opened(self, channel: Any) -> None:
        self.channel = channel
        channel.basic_qos(prefetch_count=PREFETCH)
        channel.basic_consume(QUEUE, self.received)

    def received(self, _channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        self.batch.append((method.delivery_tag, body))
        if len(self.batch) >= BATCH:
            self.work()
        elif not self.scheduled:
            self.scheduled = True
            self.connection.ioloop.call_later(0.005, self.work)

    def work(self) -> None:
        self.scheduled = False
        batch, self.batch = self.batch, []
        if not batch:
            return
        events = {event["id"]: event["data"] for event in (orjson.loads(body) for _, body in batch)}
        fresh = self.database.execute(
            "INSERT INTO inbox (event_id) SELECT * FROM unnest(%s::uuid[])"
            " ON CONFLICT DO NOTHING RETURNING event_id::text",
            (list(events),),
        ).fetchall()
        rows = [(row[0], events[row[0]]) for row in fresh]
        self.database.execute(
            "INSERT INTO effects (event_id, request_id, number, site, submitted_at)"
            " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[])",
            (
                [key for key, _ in rows],
                [data["request_id"] for _, data in rows],
                [data["number"] for _, data in rows],
                [data["site"] for _, data in rows],
                [data["submitted_at"] for _, data in rows],
            ),
        )
        self.database.commit()
        self.channel.basic_ack(batch[-1][0], multiple=True)


if __name__ == "__main__":
    Consumer().connection.ioloop.start()
