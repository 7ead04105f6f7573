"""A member's statement of one settlement run: a document for checking, as PDF and as a workbook."""
