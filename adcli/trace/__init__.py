"""From a ``Spec`` to an evaluation ``Trace``: named nodes in order, each one primitive applied to earlier names."""

from adcli.trace.build import build_trace
from adcli.trace.model import Node, Trace, argument_text

__all__ = ["Node", "Trace", "argument_text", "build_trace"]
