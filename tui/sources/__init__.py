"""Data that are no text: files, databases and clusters that an engine reads and adds up."""
