"""What startups are told, by e-mail and SMS, in their language.

Owns every message and its delivery state. Publishes ``message_delivered`` and
``message_failed``; consumes what happened in the other services.
"""
