"""What the publisher spells itself is what pika would have spelled."""

import pika.frame
from pika.spec import BasicProperties

from shared.messaging.envelope import CONTENT_TYPE
from shared.messaging.publisher import _Properties


def test_properties_are_spelled_as_pika_spells_them() -> None:
    for key in (0, 7, 10**18):
        whole = BasicProperties(content_type=CONTENT_TYPE, delivery_mode=2, message_id=str(key))
        assert pika.frame.Header(1, 3, _Properties(key)).marshal() == pika.frame.Header(1, 3, whole).marshal()
        assert b"".join(_Properties(key).encode()) == b"".join(whole.encode())
