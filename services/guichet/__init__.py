"""The counter: startups, requests, desks and their catalogue.

Owns the startups' record and every request filed for them. Publishes what happens to both
(``startup_registered``, ``request_submitted``, ``request_completed``…); consumes
``message_failed`` so that a clerk sees when a startup could not be told.
"""
