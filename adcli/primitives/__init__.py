"""Every primitive, declared once: its value, and for each argument its JVP and its VJP.

``RULES`` is the table that an engine runs by: operation → factory of its ``Primitive``.
"""

from adcli.primitives import activations, arithmetic, losses, products, reductions
from adcli.primitives.base import Partial, Primitive, Rules

RULES: Rules = {**products.RULES, **arithmetic.RULES, **reductions.RULES, **activations.RULES, **losses.RULES}

__all__ = ["RULES", "Partial", "Primitive", "Rules"]
