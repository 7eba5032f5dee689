"""Each rule against differences and against its own transpose; and proof that these checks find wrong rules."""

from dataclasses import replace

import numpy as np
import pytest
from test_cases import CASES, agrees, expected_of

from adcli.engines import reverse
from adcli.primitives import RULES, Partial, Primitive
from adcli.primitives.arithmetic import needs
from adcli.spec.model import read_spec
from adcli.spec.source import read_source
from adcli.trace import build_trace

RNG = np.random.default_rng(7)
LOSSES = [op for op in RULES if "error" in op or "entropy" in op or op in ("huber", "hinge", "negative_log_likelihood")]
ENTRYWISE = ["add", "subtract", "multiply", "divide", "power"]
OTHERS = ["linear", "matmul", "dot", "sum", "mean", "constant", *ENTRYWISE]
ACTIVATIONS = [op for op in RULES if op not in (*LOSSES, *OTHERS)]


def linear_points() -> list:
    points = []
    for convention in ("column", "row"):
        for x_shape in ((3,), (4, 3)):
            for bias in (False, True):
                weight = (2, 3) if convention == "column" else (3, 2)
                settings = {"convention": convention, "batched": len(x_shape) == 2, "bias": bias}
                arguments = [RNG.normal(size=s) for s in (x_shape, weight, *(((2,),) if bias else ()))]
                points.append(("linear", settings, arguments))
    return points


def loss_points() -> list:
    points = []
    for op in LOSSES:
        for shape in ((), (3,), (4, 3)):
            for reduction in ("mean", "sum"):
                h = RNG.uniform(0.1, 0.9, shape) if op == "binary_cross_entropy" else RNG.normal(size=shape)
                y = RNG.choice([-1.0, 1.0], shape) if op == "hinge" else RNG.uniform(0.1, 0.9, shape)
                settings = {"examples": shape[0] if len(shape) == 2 else 0, "reduction": reduction}
                points.append((op, {**settings, "rank": min(len(shape), 1)}, [h, np.asarray(y)]))
    return points


def activation_points() -> list:
    points = []
    for op in ACTIVATIONS:
        for shape in ((3,), (2, 4)):
            x = RNG.uniform(0.2, 2.0, shape)
            points.append((op, {}, [x if op in ("log", "sqrt") else x * RNG.choice([-1.0, 1.0], shape)]))
    return points


SHAPES = [
    ((), ()),
    ((3,), (3,)),
    ((), (3,)),
    ((2, 3), (3,)),
    ((2, 1), (1, 3)),
    ((3,), (2, 1)),
    ((1,), ()),
    ((2, 1, 2), (3, 1)),
    ((1, 3), (1, 3)),
]


def entrywise_points() -> list:
    points = []
    for op in ENTRYWISE:
        for shapes in SHAPES:
            arguments = [np.asarray(RNG.uniform(0.4, 2.0, shape)) for shape in shapes]
            points.append((op, needs(shapes), arguments))
    for op in ("add", "multiply"):
        for shapes in (((2, 3), (3,), ()), ((), (), (), ())):
            arguments = [np.asarray(RNG.normal(size=shape)) for shape in shapes]
            points.append((op, needs(shapes, many=True), arguments))
    return points


def product_points() -> list:
    points = [("dot", {}, [RNG.normal(size=3), RNG.normal(size=3)])]
    for left in ((3,), (2, 3)):
        for right in ((3,), (3, 4)):
            settings = {"left": len(left), "right": len(right)}
            points.append(("matmul", settings, [RNG.normal(size=left), RNG.normal(size=right)]))
    return points


def reduction_points() -> list:
    shapes = ((), (3,), (2, 3), (2, 1, 3))
    return [(op, {"of": shape}, [np.asarray(RNG.normal(size=shape))]) for op in ("sum", "mean") for shape in shapes]


POINTS = [
    *entrywise_points(),
    *product_points(),
    *reduction_points(),
    *linear_points(),
    *loss_points(),
    *activation_points(),
]


def name_of(point) -> str:
    op, settings, arguments = point
    return "-".join([op, "x".join(map(str, arguments[0].shape)) or "number", *map(str, settings.values())])


def pushed_and_pulled(primitive: Primitive, arguments: list, argument: str, partial: Partial):
    """The JVP and the VJP of one argument, as functions of a tangent and of a cotangent."""
    place = dict(zip(primitive.arguments, arguments, strict=True), out=primitive.evaluate(*arguments))
    jvp_read, vjp_read = ([place[name] for name in names] for names in (partial.jvp_reads, partial.vjp_reads))
    return lambda t: partial.jvp(t, *jvp_read), lambda c: partial.vjp(c, *vjp_read)


def check(primitive: Primitive, arguments: list) -> None:
    """Every partial: JVP against central differences, ⟨v, J u⟩ = ⟨Jᵀ v, u⟩, and many directions as one by one."""
    shape = np.shape(primitive.evaluate(*arguments))
    for position, argument in enumerate(primitive.arguments):
        if argument not in primitive.partials:
            continue
        push, pull = pushed_and_pulled(primitive, arguments, argument, primitive.partials[argument])
        x = np.asarray(arguments[position])
        u, v = RNG.normal(size=(2, *x.shape)), RNG.normal(size=(2, *shape))
        h = 1e-6
        above, below = (
            primitive.evaluate(*(x + side * h * u[0] if i == position else a for i, a in enumerate(arguments)))
            for side in (1, -1)
        )
        assert push(u)[0] == pytest.approx((above - below) / (2 * h), rel=1e-6, abs=1e-8), f"JVP of {argument}"
        for i in range(2):
            assert np.vdot(v[i], push(u)[i]) == pytest.approx(np.vdot(pull(v)[i], u[i]), rel=1e-10, abs=1e-12), argument
            assert push(u[i : i + 1])[0] == pytest.approx(push(u)[i], rel=1e-13, abs=1e-15)
            assert np.asarray(pull(v[i])) == pytest.approx(pull(v)[i], rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("point", POINTS, ids=name_of)
def test_rules(point) -> None:
    op, settings, arguments = point
    check(RULES[op](**settings), arguments)


@pytest.mark.parametrize("point", POINTS, ids=name_of)
def test_the_stable_form_equals_the_textbook(point) -> None:
    op, settings, arguments = point
    primitive = RULES[op](**settings)
    if op != "gelu":  # numpy has no erf, so there the textbook form is for symbols only
        assert primitive.evaluate(*arguments) == pytest.approx(primitive.value(np, *arguments), rel=1e-12)


@pytest.mark.parametrize("point", POINTS, ids=name_of)
def test_the_slope_is_the_diagonal(point) -> None:
    op, settings, arguments = point
    primitive = RULES[op](**settings)
    argument, partial = next(iter(primitive.partials.items()))
    if partial.slope is not None:
        x = np.asarray(arguments[0])
        place = dict(zip(primitive.arguments, arguments, strict=True), out=primitive.evaluate(*arguments))
        slope = np.asarray(partial.slope(*(place[name] for name in partial.jvp_reads)))
        tangent = RNG.normal(size=(1, *x.shape))
        pushed = pushed_and_pulled(primitive, arguments, argument, partial)[0](tangent)
        tangent = partial.spread.repeat(tangent) if partial.spread else tangent
        assert np.sum(tangent * slope) == pytest.approx(np.sum(pushed), rel=1e-12)


@pytest.mark.parametrize("point", [p for p in POINTS if RULES[p[0]](**p[1]).stackable], ids=name_of)
def test_perturbations_of_any_operands_go_through_at_once(point) -> None:
    op, settings, arguments = point
    primitive = RULES[op](**settings)
    for which in ((True, False), (False, True), (True, True)):
        perturbed = (*which, *[True] * (len(arguments) - 2))
        stacks = [np.stack([a, a + 0.5]) if many else a for a, many in zip(arguments, perturbed, strict=True)]
        one_by_one = [
            primitive.evaluate(*(s[i] if many else s for s, many in zip(stacks, perturbed, strict=True)))
            for i in (0, 1)
        ]
        assert primitive.evaluate(*stacks) == pytest.approx(np.stack(one_by_one), rel=1e-13, nan_ok=True)


@pytest.mark.parametrize(
    ("a", "b", "for_a", "for_b"),
    [
        (0.0, 0.0, 0.0, np.nan),  # y x^(y−1) is 0 where y = 0
        (0.0, 2.0, 0.0, 0.0),
        (0.0, 1.0, 1.0, 0.0),
        (0.0, 0.5, np.inf, 0.0),
        (0.0, -1.0, -np.inf, np.nan),
        (-2.0, 3.0, 12.0, np.nan),
        (-2.0, -2.0, 0.25, np.nan),
        (-2.0, 0.0, 0.0, np.nan),
        (-2.0, 0.5, np.nan, np.nan),
        (2.0, 3.0, 12.0, 8 * np.log(2)),
    ],
)
def test_where_a_power_is_undefined(a, b, for_a, for_b) -> None:
    for wrap in (np.float64, lambda x: np.array([x])):
        with np.errstate(all="ignore"):
            primitive = RULES["power"](**needs([np.shape(wrap(a))] * 2))
            out = primitive.evaluate(wrap(a), wrap(b))
            slopes = (
                primitive.partials["a"].slope(wrap(a), wrap(b)),
                primitive.partials["b"].slope(wrap(a), wrap(b), out),
            )
        np.testing.assert_allclose(np.ravel(slopes), [for_a, for_b], rtol=1e-15)


@pytest.mark.parametrize("op", [op for op in ACTIVATIONS if op != "constant"])
def test_what_follows_an_undefined_value_is_undefined(op) -> None:
    for x in (np.array([np.nan, 1.0]), np.float64(np.nan)):
        if np.ndim(x) == 0 and "softmax" in op:
            continue
        primitive = RULES[op]()
        with np.errstate(invalid="ignore"):
            out = primitive.evaluate(x)
            partial = primitive.partials["x"]
            read = [{"x": x, "out": out}[name] for name in partial.vjp_reads]
            pulled = partial.vjp(np.ones_like(out), *read)
        assert np.isnan(np.ravel(out)[0])
        assert op in ("identity", "negate") or np.isnan(np.ravel(pulled)[0])


@pytest.mark.parametrize("op", LOSSES)
def test_the_loss_of_an_undefined_prediction_is_undefined(op) -> None:
    primitive, h, y = RULES[op](), np.array([np.nan, 0.5]), np.array([1.0, 1.0])
    with np.errstate(invalid="ignore"):
        assert np.isnan(primitive.evaluate(h, y))
        partial = primitive.partials["h"]
        gradient = partial.vjp(np.float64(1.0), *({"h": h, "y": y}[name] for name in partial.vjp_reads))
    assert op == "negative_log_likelihood" or np.isnan(gradient[0])


def with_vjp(primitive: Primitive, argument: str, vjp) -> Primitive:
    partial = replace(primitive.partials[argument], vjp=vjp, vjp_reads=("*",))
    return replace(primitive, partials={**primitive.partials, argument: partial})


def test_a_missing_transpose_is_caught() -> None:
    square = np.array([[1.0, 2.0], [3.0, 5.0]])
    wrong = with_vjp(RULES["linear"](), "x", lambda out_bar, W: out_bar @ W.mT)
    with pytest.raises(AssertionError):
        check(wrong, [np.array([1.0, 2.0]), square])


def test_a_missing_factor_is_caught() -> None:
    wrong = with_vjp(RULES["squared_error"](), "h", lambda out_bar, h, y: out_bar[..., None] * (h - y))
    with pytest.raises(AssertionError):
        check(wrong, [np.array([1.0, 2.0]), np.array([0.5, 0.0])])


def gradient_of_case(name: str, rules=RULES):
    trace = build_trace(read_spec(read_source(str(CASES / f"{name}.yaml"))))
    return reverse.run(reverse.plan(trace, list(trace.parameters), rules)).gradients


def test_a_wrong_rule_of_a_run_changes_its_gradients() -> None:
    right = expected_of(CASES / "act-tanh.yaml")["gradients"]
    wrong = {**RULES, "tanh": lambda: with_vjp(RULES["tanh"](), "x", lambda out_bar, out: out_bar * (1 - out))}
    assert agrees(gradient_of_case("act-tanh")["W1"], right["W1"])
    assert not agrees(gradient_of_case("act-tanh", wrong)["W1"], right["W1"])
    assert agrees(gradient_of_case("act-tanh")["W1"], right["W1"]), "the table of the program is as it was"


def test_overwriting_instead_of_adding_is_caught(monkeypatch) -> None:
    right = expected_of(CASES / "dag-shared-weight.yaml")["gradients"]
    assert agrees(gradient_of_case("dag-shared-weight")["W"], right["W"])
    monkeypatch.setattr(reverse, "accumulate", lambda before, contribution: contribution)
    assert not agrees(gradient_of_case("dag-shared-weight")["W"], right["W"])
