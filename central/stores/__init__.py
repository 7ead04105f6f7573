"""Stores of readings; each is one file and keeps the contract of ``central.readings``."""
