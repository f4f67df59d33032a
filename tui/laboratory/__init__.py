"""What a user can do, how it is described in words, and how it is saved; nothing here imports Textual."""
