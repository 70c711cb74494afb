"""Kits: one ZIP for each program, with a file, its pictures and how to use it; no torch."""
