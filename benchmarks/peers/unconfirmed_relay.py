"""pika without confirms: fast, and every message on its way is lost when the broker dies.

Its connection is the asynchronous one, which is pika's fastest; rows are fetched and marked a
thousand at a time.
"""

import sys
from typing import Any

import pika
import psycopg

DATABASE_URL, AMQP_URL, EXCHANGE = sys.argv[1:4]
BATCH = 1_000
FETCH = (
    "SELECT seq, type, body FROM outbox"
    " WHERE published_at IS NULL AND (retry_at IS NULL OR retry_at <= now()) ORDER BY seq LIMIT %s"
)
MARK = "UPDATE outbox SET published_at = now() WHERE seq = ANY(%s)"


class Relay:
    def __init__(self) -> None:
        self.database = psycopg.connect(DATABASE_URL, autocommit=True, options="-c synchronous_commit=off")
        self.properties = pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2)
        self.connection = pika.SelectConnection(
            pika.URLParameters(AMQP_URL),
            on_open_callback=lambda connection: connection.channel(on_open_callback=self.carry),
        )

    def carry(self, channel: Any) -> None:
        rows = self.database.execute(FETCH, (BATCH,), binary=True).fetchall()
        for _, routing_key, body in rows:
            channel.basic_publish(EXCHANGE, routing_key, body, self.properties)
        if rows:
            self.database.execute(MARK, ([seq for seq, *_ in rows],))
        # Back to the loop, which writes out what pika has buffered.
        self.connection.ioloop.call_later(0 if rows else 0.05, lambda: self.carry(channel))


if __name__ == "__main__":
    Relay().connection.ioloop.start()
