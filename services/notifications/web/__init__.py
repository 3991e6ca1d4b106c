"""The API, the pages and the fragments of the notifications service."""
