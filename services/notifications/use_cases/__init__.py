"""What an event, a sender, a gateway or a person makes this service do: one function each."""
