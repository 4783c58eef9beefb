"""JSON Schemas of the files that kmigrate reads and writes; docs/generate.py writes them."""
