"""What is found: the checks of every plan, and of an upgrade, step by step."""
