"""How many planted faults the regression finds."""
