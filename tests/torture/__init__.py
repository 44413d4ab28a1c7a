"""Fault injection: tests that the server keeps its promises when it is killed, runs out of disk or meets damage.

Each module is a subject; scripts/torture runs them. They need only Python's standard library.
"""
