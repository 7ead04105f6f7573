"""What each klaster program needs to run: clock, configuration, broker, console, log. The only shared I/O."""
