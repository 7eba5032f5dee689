"""The engines: each computes gradients from a ``Trace`` with another part of the primitives."""
