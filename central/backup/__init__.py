"""A cluster's books as one file, taken beside a running service, and what makes them whole again elsewhere."""
