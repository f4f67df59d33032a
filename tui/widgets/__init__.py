"""The widgets of the screen. Each draws itself from what it is given and reports what a person did as a message."""
