"""The terminal: the driver, sending only changes, ending the app, and handling faults."""
