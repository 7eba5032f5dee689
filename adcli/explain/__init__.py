"""From a derivation to slides made of a few kinds of block. All prose is here; no format is."""
