"""The outside world, stood in for: a mail server, an SMS gateway, agencies; they keep what they receive."""
