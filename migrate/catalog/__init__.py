"""What the releases of KServe ship, as data; read by `migrate.kserve` and `planning.loading`."""
