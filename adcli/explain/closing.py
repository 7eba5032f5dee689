"""What every story ends with: the gradients, what they cost, and what to notice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from adcli.arrays import Array
from adcli.cost.chains import Graph as CostGraph
from adcli.cost.modes import mode_costs
from adcli.derivation import Step
from adcli.explain.blocks import Formula, Part, Runs, Text, Words
from adcli.explain.counts import chain_products, most_held
from adcli.explain.deck import Block, Position, Slide
from adcli.explain.drawings import Bar, Bars
from adcli.explain.formulas import heads_of, product, rule_of, source_of
from adcli.explain.maths import Expression, Matrix, Partial, Product, Relation, Role, Transposed
from adcli.explain.noticing import notice
from adcli.explain.opening import head
from adcli.explain.pictures import cotangent_name, finished_strip
from adcli.explain.scene import Scene, as_matrix

if TYPE_CHECKING:
    from adcli.engines.formulas import Formulas

MOST_GRADIENTS, ON_A_SLIDE = 12, 4
MOST_BESIDE, LONGEST_BESIDE = 3, 12  # rows and columns, and letters of the name, of a parameter beside its gradient
ROLES = {"forward": Role.TANGENT}
ROLE_OF_A_BAR = {
    "mode.forward": Role.TANGENT,
    "mode.reverse": Role.COTANGENT,
    "cost.kept": Role.COTANGENT,
    "symbolic.before": Role.VALUE,
    "symbolic.after": Role.DONE,
}


def slides(scene: Scene, steps: list[Step]) -> list[Slide]:
    """Gradients, cost, notice."""
    found = gradients(scene, steps)
    if scene.flowing:
        found.append(cost(scene, steps))
    return [*found, notice(scene)]


def gradients(scene: Scene, steps: list[Step]) -> list[Slide]:
    """Every gradient in its parameter's shape; forward's rows folded, and for reverse the product that code makes."""
    say, names = scene.say, list(scene.wrt)
    role = ROLES.get(scene.mode, Role.COTANGENT)
    if scene.detail != "full" and len(names) > MOST_GRADIENTS:
        names = names[: MOST_GRADIENTS - 1] + names[-1:]
    products = _outer_products(scene, steps)
    what = "gradients" if scene.rows == 1 else "jacobians"
    own = all(name in scene.trace.parameters for name in scene.wrt)
    found: list[Slide] = []
    for begin in range(0, len(names) or 1, ON_A_SLIDE):
        here = names[begin : begin + ON_A_SLIDE]
        stage: list[Block] = [_gradient(scene, name, role, products.get(name)) for name in here]
        end = begin + len(here)
        if end == len(names) < len(scene.wrt):
            stage.insert(-1, Text(say("gradients.more", n=len(scene.wrt) - len(names))))
        places = say.text("position.gradients", first=begin + 1, last=end, of=len(names))
        found.append(
            Slide(
                id="gradients" if not begin else f"gradients-{begin + 1}",
                kind="gradients",
                head=head(scene),
                title=say(f"{what}.title"),
                sentence=_sentence(scene, what, products),
                position=Position(places) if ON_A_SLIDE < len(names) == len(scene.wrt) else None,
                strip=finished_strip(scene, role),
                stage=tuple(stage),
                note=say.text(f"{what}.note" if own else f"{what}.any.note", of=scene.names[scene.output]),
                last_phase=1,
            )
        )
    return found


def _sentence(scene: Scene, what: str, products: Mapping[str, Outer]) -> Runs:
    say = scene.say
    own = all(name in scene.trace.parameters for name in scene.wrt)
    folds = scene.mode == "forward" and scene.rows == 1 and any(len(scene.shape(name)) == 2 for name in scene.wrt)
    made, full = (sum(product.multiplications[which] for product in products.values()) for which in (0, 1))
    if scene.result.sampled is not None:
        return say("gradients.sampled", calls=f"{scene.result.evaluations:,}")
    if folds:
        return say("gradients.fold" if own else "gradients.any")
    if made < full:
        return say("gradients.outer", a=f"{made:,}", b=f"{full:,}")
    return say(f"{what}.sentence" if own else f"{what}.any")


def _gradient(scene: Scene, name: str, role: Role, outer: Outer | None) -> Formula:
    array = np.asarray(scene.result.gradients[name])
    left = Partial(scene.names[scene.output], scene.names[name], role)
    done = all(kink.name != name for kink in scene.result.kinks)  # a quotient across a kink is no derivative
    if scene.rows > 1:
        heads = heads_of(scene, name)
        return Formula(left, (Part("=", Matrix(array, role, role, heads=heads, new=True)),), role=role, done=done)
    whole = Matrix(as_matrix(array, scene.is_row(name)), role, role, new=True)
    parts = [Part("=", whole, 1)]
    if scene.mode == "forward" and array.ndim == 2 and array.size > 1:
        row = Matrix(array.reshape(1, -1), role, role, heads=heads_of(scene, name))
        parts = [Part("=", row), Part("→", whole, 1)]
    elif outer is not None:
        parts = [Part("=", outer.rule), Part("=", outer.numbers), Part("=", whole, 1)]
    return Formula(left, tuple(parts), role=role, done=done, aside=_parameter(scene, name))


def _parameter(scene: Scene, name: str) -> Runs:
    """``W₁ = [1 1; 1 1]``, from which one takes a step; nothing where it is too large for its place."""
    is_small = max(scene.shape(name), default=1) <= MOST_BESIDE and len(name) <= LONGEST_BESIDE
    if name not in scene.trace.parameters or not is_small:
        return ()
    return (Relation(scene.names[name], "=", scene.matrix(name, shape=False)),)


class Outer(NamedTuple):
    """The product that code makes for a weight; its multiplications, and those with the full Jacobian."""

    rule: Expression
    numbers: Expression
    multiplications: tuple[int, int]


def _outer_products(scene: Scene, steps: list[Step]) -> dict[str, Outer]:
    """h̃ᵀ hᵀ for every weight of a reverse mode that one example uses once."""
    if scene.mode != "reverse" or scene.rows > 1:
        return {}
    rows = {step.target: step.operands[0] for step in steps if step.kind == "gradient" and len(step.operands) == 2}
    found = {name: _outer(scene, name, rows[name].array()) for name in scene.wrt if name in rows}
    return {name: outer for name, outer in found.items() if outer is not None}


def _outer(scene: Scene, name: str, row: Array) -> Outer | None:
    users = [node for node in scene.flowing if name in node.operands]
    if len(users) != 1 or len(users[0].shape) != 1:
        return None
    node = users[0]
    rule = rule_of(scene, node, name)
    if rule.outer is None:
        return None
    x = source_of(scene, node, rule)
    source: Expression = scene.names[x]
    bar = cotangent_name(scene, node.name)
    left = Matrix(row.reshape(1, -1), Role.COTANGENT, Role.COTANGENT)
    right = Matrix(scene.value(x).reshape(1, -1), Role.VALUE, Role.VALUE)
    counts = (row.size * right.array.size, row.size * scene.size(name))
    if rule.outer.transposed:
        column = Transposed(source) if scene.row_vectors else source
        return Outer(Product((column, bar)), product(_column(right), left), counts)
    return Outer(Product((Transposed(bar), Transposed(source))), product(_column(left), right), counts)


def _column(row: Matrix) -> Matrix:
    return row._replace(array=row.array.T)


def cost(scene: Scene, steps: list[Step]) -> Slide:
    """What the chain takes in both modes, the numbers held, calls of numeric mode; the cost of the story's own mode."""
    say = scene.say
    graph = CostGraph(scene.trace, scene.wrt)
    forward, backward = chain_products(scene)
    numbers = sum(scene.size(name) for name in scene.wrt)
    calls = scene.result.evaluations or 2 * numbers
    once = sum(graph.multiplications.values())
    stage: list[Block] = []
    if scene.result.formulas is not None:
        stage.append(operations(scene, scene.result.formulas))
    stage.append(_multiplications(scene, forward, backward, calls, once))
    stage.append(_held(scene, max((step.held for step in steps), default=0)))
    if scene.mode == "numeric":
        stage.append(Text(say("cost.numeric.own", calls=f"{calls:,}", once=f"{once:,}", n=once), phase=1))
    else:
        stage.append(Text(say("cost.numeric", n=f"{numbers:,}", calls=f"{calls:,}"), phase=1))
    stage.append(Text(_why(scene, forward, backward, numbers), phase=2))
    made = mode_costs(graph, scene.trace, scene.wrt, symbolic=False)
    counts = {mode: made[mode].operations for mode in ("forward", "reverse")}
    again = sum(graph.multiplications[step.target] for step in steps if step.kind == "recompute")
    if all(count is not None for count in counts.values()):
        engines = {mode: f"{(count or 0) + (again if mode == scene.mode else 0):,}" for mode, count in counts.items()}
        stage.append(Text(say("cost.engine", **engines), phase=2))
    schedule = scene.request.schedule
    if schedule is not None:
        ratio = f"{schedule.ratio:.4g}"
        stage.append(Text(say("cost.checkpoint", e=schedule.evaluations, n=schedule.steps, r=ratio), phase=2))
    return Slide(
        id="cost",
        kind="cost",
        head=head(scene),
        title=_cost_title(scene, forward, backward, calls),
        sentence=say("cost.sentence") if scene.mode in ("forward", "reverse") else (),
        strip=finished_strip(scene),
        stage=tuple(stage),
        note=say.text("cost.note"),
        last_phase=2,
    )


def _cost_title(scene: Scene, forward: int, backward: int, calls: int) -> Runs:
    say, formulas = scene.say, scene.result.formulas
    if scene.mode == "numeric":
        key = "cost.numeric.title" if scene.result.sampled is None else "cost.sampled.title"
        return say(key, calls=f"{calls:,}")
    if formulas is not None:
        return say("cost.symbolic.title", n=formulas.after, b=f"{formulas.after:,}")
    here, other = (forward, backward) if scene.mode == "forward" else (backward, forward)
    return say("cost.title", n=here, a=f"{here:,}", b=f"{other:,}") if here or other else say("cost.none.title")


def _multiplications(scene: Scene, forward: int, backward: int, calls: int, once: int) -> Bars:
    """Of the chain alone; in numeric mode's story, which has no chain, with the forward pass, which it runs ``calls``
    times."""
    if scene.mode != "numeric" or not once:
        return _bars(scene, "cost.products", {"mode.forward": forward, "mode.reverse": backward})
    both = {"mode.forward": once + forward, "mode.reverse": once + backward}
    return _bars(scene, "cost.whole", {"mode.numeric": calls * once, **both})


def _held(scene: Scene, held: int) -> Bars:
    forward, backward = most_held(scene)
    kept = {} if scene.request.schedule is None else {"cost.kept": held}
    return _bars(scene, "cost.held", {"mode.forward": forward, "mode.reverse": backward, **kept}, 1)


def operations(scene: Scene, formulas: Formulas, phase: int = 0) -> Bars:
    """Operations of the formulas, written out (where they are) and with common subexpressions."""
    written_out = {} if formulas.before is None else {"symbolic.before": formulas.before}
    return _bars(scene, "symbolic.operations", {**written_out, "symbolic.after": formulas.after}, phase)


def _bars(scene: Scene, caption: str, counts: Mapping[str, int], phase: int = 0) -> Bars:
    say = scene.say
    bars = tuple(
        Bar((Words(say.text(key)),), n, f"{n:,}", ROLE_OF_A_BAR.get(key, Role.PLAIN)) for key, n in counts.items()
    )
    large = max(counts.values()) > 100 * max(1, min(counts.values()))
    alt = ", ".join(f"{say.text(key)} {n:,}" for key, n in counts.items())
    title = say.text("cost.logarithms", of=say.text(caption)) if large else say.text(caption)
    return Bars(title, bars, large, phase, f"{title}: {alt}")


def _why(scene: Scene, forward: int, backward: int, numbers: int) -> Runs:
    if forward == backward:
        return scene.say("cost.same")
    if scene.rows < numbers:
        if backward < forward:
            return scene.say("cost.why", n=scene.rows, numbers=f"{numbers:,}")
        return scene.say("cost.why.not", rows=scene.rows, n=f"{numbers:,}")
    return scene.say("cost.why.many", n=scene.rows, numbers=f"{numbers:,}")
