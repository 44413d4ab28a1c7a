"""Measures the server against its floor, and writes docs/bench/. Called by scripts/bench."""
