"""adcli: a gradient calculator for the command line that shows every step.

The stages, left to right: ``spec`` → ``trace`` → ``engines`` → ``render``, with
``primitives`` declared once beside them. ``docs/architecture.md`` tells the rest.
"""

__version__ = "0.1.0"
