"""The gradient descent laboratory on the screen: the app and the command line, driven by gdcore."""
