"""Rows of data: read from text, and scaled."""
