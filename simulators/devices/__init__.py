"""Simulated devices: their registers at one instant, from their makers' documents. Pure."""
