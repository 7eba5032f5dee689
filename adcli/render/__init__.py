"""From results to bytes, one file a format. Knows no maths."""
