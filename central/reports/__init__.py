"""What leaves central as files and as a printed summary; a report is one file."""
