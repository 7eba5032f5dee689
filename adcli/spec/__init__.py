"""From text to a ``Spec``: what the user wrote, every part with its line and column. Knows no maths."""
