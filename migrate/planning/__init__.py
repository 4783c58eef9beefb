"""From what is, and what is wanted, to what to do. Pure: no I/O and no clock."""
