"""What the notifications service remembers, in PostgreSQL."""
