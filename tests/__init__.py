"""Tests of kmigrate; the real control plane they run against is in ``tests.testbed``."""
