"""What happens: events become live figures, in order and once. Stands on schemas."""
