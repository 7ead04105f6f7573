"""Asking gateways to send again."""
