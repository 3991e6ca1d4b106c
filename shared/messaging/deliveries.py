"""Deliveries, cut straight out of the broker's frames.

py-amqp builds a message with every property and a dictionary of delivery facts, and looks its
handler up three times; of all that a consumer needs a number and the body. Taking these two
directly halves what a delivery costs (docs/benchmarks.md). Every other frame is py-amqp's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Any

from amqp.basic_message import Message

_METHOD, _HEADER, _BODY = 1, 2, 3
_BASIC_DELIVER = b"\x00\x3c\x00\x3c"
# After the method's number: the consumer tag with its length in front, then the delivery tag.
_TAG = Struct(">Q")
# Class, weight, size of the body, which properties follow.
_PROPERTIES = Struct(">HHQH")
_HAS_HEADERS = 1 << 13

Frame = tuple[int, int, bytes]


@dataclass(slots=True)
class Delivery:
    """One message as it came: what to acknowledge, what it says, how often it was delivered."""

    tag: int
    body: bytes
    earlier_deliveries: int


def cut_deliveries(connection: Any, take: Callable[[Delivery], None]) -> Callable[[Frame], bool]:
    """Return a frame handler for ``connection`` that hands each whole delivery to ``take``.

    The connection must have one channel only, so that deliveries cannot interleave. The handler
    returns, as py-amqp's does, whether the frame completed something.
    """
    others = connection.on_inbound_frame
    coming: Delivery | None = None
    missing = 0
    pieces: list[bytes] = []

    def on_frame(frame: Frame) -> bool:
        nonlocal coming, missing
        kind, _, payload = frame
        if kind == _METHOD and payload.startswith(_BASIC_DELIVER):
            (tag,) = _TAG.unpack_from(payload, 5 + payload[4])
            coming = Delivery(tag, b"", 0)
            # What py-amqp's heartbeat looks at.
            connection.bytes_recv += 1
            return False
        if coming is None or kind not in (_HEADER, _BODY):
            whole: bool = others(frame)
            return whole
        if kind == _HEADER:
            _, _, missing, properties = _PROPERTIES.unpack_from(payload)
            if properties & _HAS_HEADERS:
                message = Message()
                message.inbound_header(payload)
                coming.earlier_deliveries = _earlier_deliveries(message)
        else:
            missing -= len(payload)
            if missing or pieces:
                pieces.append(payload)
        if missing:
            return False
        coming.body = b"".join(pieces) if pieces else payload if kind == _BODY else b""
        pieces.clear()
        delivery, coming = coming, None
        take(delivery)
        return True

    return on_frame


def _earlier_deliveries(message: Any) -> int:
    headers = message.properties.get("application_headers")
    return int(headers.get("x-delivery-count", 0)) if headers else 0
