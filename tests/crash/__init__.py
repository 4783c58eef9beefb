"""Whatever is killed, wherever: the matrix of crashes, generated runs, and what they must show."""
