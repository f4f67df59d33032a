"""Charts as plain data: numbers in, cells of text out. Nothing here knows Textual; only `canvas` knows plotext."""
