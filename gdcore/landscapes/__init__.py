"""What is walked on: the loss and its slope at any point."""
