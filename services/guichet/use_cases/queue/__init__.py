"""What reception, the windows and the visitors do in the queue."""
