"""The port to a cluster and its adapters: the Kubernetes API, memory, snapshots, dry run."""
