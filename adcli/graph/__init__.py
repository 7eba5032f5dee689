"""The computational graph of a trace, and where its parts stand in a drawing. Knows no format."""
