"""What klaster knows of meters, as data: one file for each model, with its sources and evidence."""
