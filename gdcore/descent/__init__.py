"""The walk: parameters, optimizers, one step, the timeline and its branches."""
