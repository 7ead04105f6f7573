"""The books: journal, readings, the hourly balance and the settlement of a cluster."""
