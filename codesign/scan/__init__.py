"""Searches configurations for the front of physics and cost, under hard limits."""
