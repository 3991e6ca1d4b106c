"""pika with one confirm a message, as its own documentation shows reliable publishing.

Rows are fetched and marked a thousand at a time, so that only the publishing differs.
"""

import sys
import time

import pika
import psycopg

DATABASE_URL, AMQP_URL, EXCHANGE = sys.argv[1:4]
BATCH = 1_000
FETCH = (
    "SELECT seq, type, body FROM outbox"
    " WHERE published_at IS NULL AND (retry_at IS NULL OR retry_at <= now()) ORDER BY seq LIMIT %s"
)
MARK = "UPDATE outbox SET published_at = now() WHERE seq = ANY(%s)"


def main() -> None:
    database = psycopg.connect(DATABASE_URL, autocommit=True, options="-c synchronous_commit=off")
    channel = pika.BlockingConnection(pika.URLParameters(AMQP_URL)).channel()
    channel.confirm_delivery()
    properties = pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2)
    while True:
        rows = database.execute(FETCH, (BATCH,), binary=True).fetchall()
        if not rows:
            time.sleep(0.05)
            continue
        for _, routing_key, body in rows:
            channel.basic_publish(EXCHANGE, routing_key, body, properties, mandatory=True)
        database.execute(MARK, ([seq for seq, *_ in rows],))


if __name__ == "__main__":
    main()
