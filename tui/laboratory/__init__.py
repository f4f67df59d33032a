"""What a person can do, what it means in words, and how it is saved; nothing here knows Textual."""
