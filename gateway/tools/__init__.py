"""What a technician uses on site, beside a running gateway or without one: one tool a file."""
