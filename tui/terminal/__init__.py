"""The terminal and its line: the driver, the changes that go down it, endings and faults."""
