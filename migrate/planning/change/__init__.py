"""The strategies under one release: in place, into namespaces, back to stock; with their proof."""
