"""The way back of a run, and a run that goes on under another release."""
