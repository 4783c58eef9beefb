"""What releases and distributions ship, what was set over it, and who owns it."""
