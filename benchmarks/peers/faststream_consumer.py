"""FastStream + asyncpg: one transaction a message, acknowledged after its commit.

FastStream hands over as many messages at once as the prefetch allows, each in its own task; the
pool bounds how many transactions are open. Both were tuned on the machine of docs/benchmarks.md.
"""

import asyncio
import os
import sys
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson
from faststream import AckPolicy, FastStream
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue
from pydantic import BaseModel

PREFETCH = int(os.environ.get("BENCH_PREFETCH", "100"))
POOL = int(os.environ.get("BENCH_POOL", "20"))

DATABASE_URL, AMQP_URL, QUEUE = sys.argv[1:4]


class Request(BaseModel):
    request_id: UUID
    number: str
    site: str
    submitted_at: datetime


class CloudEvent(BaseModel):
    id: UUID
    type: str
    data: Request


broker = RabbitBroker(AMQP_URL, default_channel=Channel(prefetch_count=PREFETCH), logger=None)
app = FastStream(broker, logger=None)
pool: asyncpg.Pool


@app.on_startup
async def connect() -> None:
    global pool
    pool = await asyncpg.create_pool(DATABASE_URL, min_size=POOL, max_size=POOL)


async def decode(message: RabbitMessage) -> object:
    # By itself FastStream takes only "application/json" for JSON.
    return orjson.loads(message.body)


@broker.subscriber(RabbitQueue(QUEUE, declare=False), ack_policy=AckPolicy.NACK_ON_ERROR, decoder=decode)
async def request_submitted(event: CloudEvent) -> None:
    async with pool.acquire() as connection, connection.transaction():
        fresh = await connection.fetchval(
            "INSERT INTO inbox (event_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING true", event.id
        )
        if fresh:
            await connection.execute(
                "INSERT INTO effects (event_id, request_id, number, site, submitted_at)"
                " VALUES ($1, $2, $3, $4, $5)",
                event.id,
                event.data.request_id,
                event.data.number,
                event.data.site,
                event.data.submitted_at,
            )


if __name__ == "__main__":
    asyncio.run(app.run())
