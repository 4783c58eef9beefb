"""KServe upgraded over services that people made: what breaks, and what kmigrate keeps."""
