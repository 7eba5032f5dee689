"""What every story begins with: the network, its sizes, and the chain rule that is to be worked out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from adcli.arrays import Array
from adcli.explain.blocks import Column, Formula, Part, Row, Runs, Table, Text, Words
from adcli.explain.chain_rule import tracker
from adcli.explain.deck import Block, Slide
from adcli.explain.formulas import heads_of, name_put_in, rule_of, source_of, symbolic_weight_jacobian, value_rule
from adcli.explain.maths import Matrix, Name, Partial, Relation, Role, Symbols
from adcli.explain.paths import Path, paths_to
from adcli.explain.pictures import strip
from adcli.explain.scene import Scene, as_matrix
from adcli.trace import Node

MOST_ROWS = 8


def slides(scene: Scene) -> list[Slide]:
    """The network, the sizes, and what is wanted."""
    return [network(scene), sizes(scene), *chain(scene)]


def chain(scene: Scene) -> list[Slide]:
    """What is wanted; nothing where the output depends on no name that is asked for."""
    return [wanted(scene)] if any(name in scene.base.flows for name in scene.wrt) else []


def head(scene: Scene) -> str:
    return scene.say.text("head.program" if scene.tells_program else f"head.{scene.mode}")


def network(scene: Scene) -> Slide:
    """The picture, and a line for each primitive: what it computes, and its value."""
    say, nodes = scene.say, scene.trace.nodes
    key = "network.loss" if scene.has_loss else "network.output"
    if not scene.is_chain:
        key += ".graph"
    columns = (
        Column((Words(say.text("table.primitive")),)),
        Column((Words(say.text("table.computes")),)),
        Column((Words(say.text("table.value")),)),
    )
    told = _first_and_last(list(nodes))
    rows = _with_dots(scene, [_primitive_row(scene, node, place) for place, node in enumerate(told)], len(nodes))
    targets = tuple(_target_row(scene, name) for name in scene.trace.targets if scene.is_read(name))
    stage: list[Block] = [Table(columns, (*targets, *rows))]
    if scene.examples():
        stage.append(Text(say("network.batch", n=scene.examples())))
    return Slide(
        id="network",
        kind="network",
        head=head(scene),
        title=say("network.program.title" if scene.is_program else "network.title"),
        sentence=say(key, n=len(nodes), output=scene.names[scene.output]),
        strip=strip(scene, made={node.name: phase for phase, node in enumerate(told, 1)}, large=True),
        stage=tuple(stage),
        note=say.text("network.note"),
        last_phase=len(told),
    )


T = TypeVar("T")


def _first_and_last(things: Sequence[T]) -> list[T]:
    return [*things] if len(things) <= MOST_ROWS else [*things[: MOST_ROWS - 2], *things[-2:]]


def _with_dots(scene: Scene, rows: list[Row], count: int) -> tuple[Row, ...]:
    """The rows; where there are fewer than ``count``, ⋯ before the last two says how many are left out."""
    if len(rows) == count:
        return tuple(rows)
    more = scene.say("table.more", n=f"{count - len(rows):,}")
    empty: tuple[Runs, ...] = tuple(() for _ in rows[0].cells[2:])
    return (*rows[:-2], Row(((Words("⋯"),), more, *empty), phase=rows[-2].phase), *rows[-2:])


def _primitive_row(scene: Scene, node: Node, index: int) -> Row:
    rule = Relation(scene.names[node.name], "=", value_rule(scene, node, lambda a: name_put_in(scene, a)))
    return Row(((Words(node.op),), (rule,), _short_or_shape(scene, node.name)), phase=index + 1)


def _target_row(scene: Scene, name: str) -> Row:
    """What the loss compares with: needed by all who compute along."""
    return Row(((Words(scene.say.text("table.target")),), (scene.names[name],), _short_or_shape(scene, name)))


def _short_or_shape(scene: Scene, name: str) -> Runs:
    value = scene.short(name)
    return (value,) if value is not None else (Words(scene.shape_text(name), muted=True),)


def sizes(scene: Scene) -> Slide:
    """Names, shapes and counts; the Jacobian of one weight, in letters and in numbers."""
    say = scene.say
    total = sum(scene.size(name) for name in scene.wrt)
    columns = tuple(
        Column((Words(say.text(f"table.{key}")),), right)
        for key, right in (("name", False), ("shape", False), ("count", True), ("jacobian", False))
    )
    rows = [_size_row(scene, name) for name in _first_and_last(scene.wrt)]
    stage: list[Block] = [Table(columns, _with_dots(scene, rows, len(scene.wrt)))]
    letters, example = _letters(scene)
    if letters:
        stage += [letters, Text(say("sizes.zeros.row" if scene.row_vectors else "sizes.zeros"), phase=2)]
        if example is not None:
            stage.append(Text(say("sizes.example", i=example + 1, n=scene.examples()), phase=2))
    kind = "parameters" if all(name in scene.trace.parameters for name in scene.wrt) else "numbers"
    return Slide(
        id="sizes",
        kind="sizes",
        head=head(scene),
        title=say(f"sizes.{kind}.title", n=f"{total:,}"),
        sentence=say("sizes.sentence", n=len(scene.wrt)),
        strip=strip(scene, finished=True),
        stage=tuple(stage),
        note=say.text("sizes.note" if letters else _plain_note(scene)),
        last_phase=2 if letters else 0,
    )


def _plain_note(scene: Scene) -> str:
    return "sizes.numbers.note" if scene.is_scalar_program else "sizes.plain.note"


def _size_row(scene: Scene, name: str) -> Row:
    first_use = next((n for n in scene.flowing if name in n.operands), None)
    by: Runs = ()
    if name not in scene.base.flows:
        by = scene.say("sizes.none", y=scene.names[scene.output], x=scene.names[name])
    elif first_use is not None:
        rows, columns = scene.size(first_use.name), scene.size(name)
        by = (Partial(scene.names[first_use.name], scene.names[name]), Words(f"  {rows}×{columns}"))
    return Row(((scene.names[name],), (Words(scene.shape_text(name) or "1"),), (Words(f"{scene.size(name):,}"),), by))


def _letters(scene: Scene) -> tuple[Formula | None, int | None]:
    """∂h₁/∂W₁ with x₁ x₂ and zeros, then its numbers; of a batch that of one example, and of which."""
    parameters = [name for name in scene.trace.parameters if name in scene.wrt]
    for node, name in [(step, name) for step in scene.flowing for name in step.operands if name in parameters]:
        if rule_of(scene, node, name).outer is None:
            continue
        x = as_matrix(scene.value(source_of(scene, node, rule_of(scene, node, name))), row=True)
        example = int((x != 0.0).sum(axis=1).argmax())  # of a batch the one whose zeros hide least
        symbols = symbolic_weight_jacobian(scene, node, name, example)
        if symbols is not None:
            left = Partial(scene.names[node.name], scene.names[name])
            matrix = _in_numbers(symbols, x[example])._replace(heads=heads_of(scene, name))
            formula = Formula(left, (Part("=", symbols, 1), Part("=", matrix, 2)))
            return formula, example if scene.examples() > 1 else None
    return None, None


def _in_numbers(symbols: Symbols, x: Array) -> Matrix:
    """A weight Jacobian with the numbers of its letters x₁ x₂ …, and zeros elsewhere."""
    array = np.zeros((len(symbols.rows), len(symbols.rows[0])))
    zeros = np.ones(array.shape, bool)
    for i, row in enumerate(symbols.rows):
        for j, entry in enumerate(row):
            if isinstance(entry, Name):
                place = entry.entry[-1] - 1 if entry.entry else 0
                array[i, j], zeros[i, j] = x[place], False
    return Matrix(array, Role.PLAIN, Role.VALUE, zeros)


def wanted(scene: Scene) -> Slide:
    """The chain rule, a row for each path, and what the mode makes of it."""
    say = scene.say
    back = scene.mode == "reverse"
    names = [name for name in scene.wrt if name in scene.base.flows]
    paths = {name: paths_to(scene, name) for name in names}
    factors, weights = _distinct_factors(scene)
    what = "gradients" if scene.rows == 1 else "jacobians"
    counts = say("wanted.counts" if scene.are_weights(scene.wrt) else "wanted.counts.plain", a=factors, b=weights)
    how = _what_the_mode_does(scene, paths)
    if how not in ("wanted.asks", "wanted.letters"):  # these build none of the factors
        counts = (*counts, Words(" "), *say("wanted.enough"))
    return Slide(
        id="chain",
        kind="chain",
        head=head(scene),
        title=say(f"wanted.{what}.title", n=len(names)),
        sentence=say(_what_each_is(scene, paths, factors), n=len(names)),
        strip=None if scene.tells_program else strip(scene, finished=True, back=back),
        stage=(
            tracker(scene, back=back, large=True),
            Text(say(how), phase=2),
            Text(counts),
        ),
        note=say.text(_wanted_note(scene, factors), n=len(names)),
        last_phase=2,
    )


def _what_each_is(scene: Scene, paths: dict[str, list[Path]], factors: int) -> str:
    """The sentence that says what each row is."""
    of_numbers = scene.is_scalar_program
    if any(len(own) > 1 for own in paths.values()):
        return "wanted.numbers.sums" if of_numbers else "wanted.sums"
    if not factors:
        return "wanted.numbers.single" if of_numbers else "wanted.single"
    if of_numbers:
        return "wanted.numbers"
    return "wanted.sentence" if len(paths) == 1 or _share_columns(scene, paths) else "wanted.products"


def _share_columns(scene: Scene, paths: dict[str, list[Path]]) -> bool:
    """Whether rows have input Jacobians in common, and no column has two that differ."""
    inner = [factor for own in paths.values() for path in own for factor in path if factor[1] not in scene.trace.leaves]
    return len(inner) > len(set(inner)) and len(set(inner)) == len({of for of, _ in inner})


def _what_the_mode_does(scene: Scene, paths: dict[str, list[Path]]) -> str:
    """How the mode goes about these products, or whether it does."""
    if scene.mode == "numeric":
        return "wanted.asks"
    if scene.mode == "symbolic":
        formulas = scene.result.formulas
        return "wanted.letters.staged" if formulas is not None and formulas.staged else "wanted.letters"
    if scene.mode == "forward":
        return "wanted.from_right"
    begin = [tuple(path[:2]) for own in paths.values() for path in own if len(path) > 1]
    return "wanted.from_left" if len(begin) > len(set(begin)) else "wanted.from_left.alone"


def _wanted_note(scene: Scene, factors: int) -> str:
    if not factors:
        return "wanted.single.note"
    own = {"numeric": "wanted.asks.note", "symbolic": "wanted.letters.note"}
    return own.get(scene.mode, "wanted.program.note" if scene.tells_program else "wanted.note")


def _distinct_factors(scene: Scene) -> tuple[int, int]:
    """How many Jacobians are needed: between values, and from a value to a name asked for."""
    inner = own = 0
    for node in scene.flowing:
        for name in dict.fromkeys(node.operands):
            if name in scene.base.flows:
                if name in scene.wrt:
                    own += 1
                else:
                    inner += 1
    return inner, own
