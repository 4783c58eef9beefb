"""What is asked for, and the plan and the checkpoint as data: nothing is resolved here."""
