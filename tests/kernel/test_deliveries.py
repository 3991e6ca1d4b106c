"""Deliveries are cut out of frames exactly as the broker sent them."""

from struct import pack
from types import SimpleNamespace
from typing import Any

import pytest
from amqp.basic_message import Message
from amqp.serialization import dumps

from shared.messaging.deliveries import Delivery, Frame, cut_deliveries

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
#: a frame of the one channel: its kind and its payload
Sent = tuple[int, bytes]


class Broker:
    """A connection's receiving end: what was taken, and what was left to py-amqp."""

    def __init__(self) -> None:
        self.taken: list[Delivery] = []
        self.left: list[Frame] = []
        self.connection = SimpleNamespace(on_inbound_frame=self.library, bytes_recv=0)
        self.receive = cut_deliveries(self.connection, self.taken.append)

    def library(self, frame: Frame) -> bool:
        self.left.append(frame)
        return frame[0] == METHOD

    def sends(self, *frames: Sent) -> list[bool]:
        return [self.receive((kind, 1, payload)) for kind, payload in frames]


@pytest.fixture
def broker() -> Broker:
    return Broker()


def deliver(tag: int, consumer: str = "ctag-1") -> Sent:
    return METHOD, pack(">HH", 60, 60) + dumps("sLbss", [consumer, tag, False, "guichet.events", "key"])


def header(size: int, **properties: Any) -> Sent:
    message = Message(**properties)
    return HEADER, pack(">HHQ", 60, 0, size) + message._serialize_properties()


def test_a_delivery_is_taken_whole(broker: Broker) -> None:
    broker.sends(deliver(7), header(4, content_type="application/json", delivery_mode=2), (BODY, b"body"))
    assert broker.taken == [Delivery(7, b"body", 0)]
    assert broker.left == []


def test_a_body_in_pieces_is_put_together(broker: Broker) -> None:
    broker.sends(deliver(1), header(6), (BODY, b"ab"), (BODY, b"cd"), (BODY, b"ef"))
    broker.sends(deliver(2), header(1), (BODY, b"x"))
    assert broker.taken == [Delivery(1, b"abcdef", 0), Delivery(2, b"x", 0)]


def test_an_empty_body_has_no_body_frame(broker: Broker) -> None:
    broker.sends(deliver(1), header(0), deliver(2), header(1), (BODY, b"x"))
    assert broker.taken == [Delivery(1, b"", 0), Delivery(2, b"x", 0)]


def test_earlier_deliveries_are_counted(broker: Broker) -> None:
    headers = {"x-delivery-count": 4, "other": "é", "nested": {"a": [1, None]}}
    broker.sends(deliver(1), header(1, application_headers=headers, content_type="text/plain"), (BODY, b"x"))
    broker.sends(deliver(2), header(1, application_headers={"other": 1}), (BODY, b"y"))
    assert broker.taken == [Delivery(1, b"x", 4), Delivery(2, b"y", 0)]


def test_the_consumer_tag_may_have_any_length(broker: Broker) -> None:
    for tag, consumer in enumerate(("", "a" * 255), start=1):
        broker.sends(deliver(tag, consumer), header(1), (BODY, b"x"))
    assert [delivery.tag for delivery in broker.taken] == [1, 2]


def test_every_other_frame_is_left_to_the_library(broker: Broker) -> None:
    flow = (METHOD, pack(">HHB", 20, 20, 1))
    returned = (METHOD, pack(">HH", 60, 50) + dumps("Bsss", [312, "NO_ROUTE", "x", "y"]))
    broker.sends(flow, (HEARTBEAT, b""), returned, header(1), (BODY, b"x"))
    assert [(kind, payload) for kind, _, payload in broker.left] == [
        flow,
        (HEARTBEAT, b""),
        returned,
        header(1),
        (BODY, b"x"),
    ]
    assert broker.taken == []


def test_a_heartbeat_may_come_in_the_middle_of_a_delivery(broker: Broker) -> None:
    broker.sends(deliver(1), (HEARTBEAT, b""), header(1), (HEARTBEAT, b""), (BODY, b"x"))
    assert broker.taken == [Delivery(1, b"x", 0)]
    assert len(broker.left) == 2


def test_the_reader_learns_what_a_frame_completed(broker: Broker) -> None:
    assert broker.sends(deliver(1), header(2), (BODY, b"x"), (BODY, b"y")) == [False, False, False, True]
    assert broker.sends(deliver(1), header(0), (METHOD, pack(">HHB", 20, 20, 1)), (HEARTBEAT, b"")) == [
        False,
        True,
        True,
        False,
    ]


def test_deliveries_count_as_signs_of_life(broker: Broker) -> None:
    broker.sends(deliver(1), header(1), (BODY, b"x"))
    assert broker.connection.bytes_recv > 0
