"""Faults on purpose: the server's own program is killed, starved and lied to, and must keep its promises.

A module a subject; scripts/torture runs them. Python's standard library only.
"""
