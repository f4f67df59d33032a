"""The laboratory as a conversation: a line goes in, sentences come out."""
