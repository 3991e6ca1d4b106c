"""The queue at the windows: tickets, the order they are called in, and how long the wait is."""
