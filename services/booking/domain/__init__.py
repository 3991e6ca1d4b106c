"""The rules of booking a space: wall time, opening hours, states, prices, alternatives."""
