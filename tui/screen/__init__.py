"""The screen: the app, its widgets and its dialogs."""
