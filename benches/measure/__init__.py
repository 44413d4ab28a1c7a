"""Measures the server and writes docs/bench/. Called by scripts/bench."""
