"""How numbers, names and formulas are written, as characters and in LaTeX: what slides and formats both need."""
