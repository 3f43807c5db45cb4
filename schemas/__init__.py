"""What an event is: its shape, its words, and why a message is refused. The ground floor: imports nothing above it."""
