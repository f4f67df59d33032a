"""What was found in the laboratory, taken out of it: as code, tables, pictures and notebooks."""
