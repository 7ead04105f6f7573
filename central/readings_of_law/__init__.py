"""One month under each reading of the law's open questions, side by side."""
