"""The views, one file each: what they show and which landscapes they are for."""
