"""Before an upgrade: what holds images across it; and the plan, put together."""
