"""Readers of the public formats of the field, one file each."""
