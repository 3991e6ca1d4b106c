"""Events between services: written with the business change, published once confirmed, consumed once.

A module here is one concern: ``contracts`` (what may be said), ``envelope`` (CloudEvents),
``outbox`` (publish within a transaction), ``relay`` (outbox to broker), ``consumer`` (broker to
handlers), ``parking`` (what a handler could not take), ``timers``, ``topology`` (exchanges,
queues, users, policies), ``worker`` (the nameko face of it).
"""
