"""The outside world, stood in for: a mail server and an SMS gateway that keep what they receive."""
