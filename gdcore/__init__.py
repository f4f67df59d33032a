"""Gradient descent on a straight line, step by step: the mathematics of gdlab, in NumPy alone."""

__version__ = "0.1.0"
