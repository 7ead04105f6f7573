"""Running central, and building its readings anew."""
