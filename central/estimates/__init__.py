"""Estimates as they are kept, made and taken back: the room with I/O around ``central.estimation``."""
