"""A deck made by hand with every kind of block, for those who write renderers.

Six slides: a forward step, a reverse step, the numeric check, a program's node, checkpoints and shared weights,
and everything that is rare (warnings, bars, cut matrices, structures, hostile names). The docstring of each slide
says how it is meant to look.
"""

from __future__ import annotations

import numpy as np

from adcli.explain.blocks import (
    Code,
    Column,
    Formula,
    Group,
    Line,
    Meter,
    Part,
    Row,
    Slot,
    Storage,
    Style,
    Table,
    Text,
    Words,
    Work,
)
from adcli.explain.deck import Deck, Labels, Numbers, Position, Slide
from adcli.explain.drawings import (
    Bar,
    Bars,
    Box,
    Chain,
    Direction,
    Edge,
    Factor,
    Gap,
    Graph,
    Network,
    ParameterBox,
    Pill,
    Plot,
    Series,
    Skip,
    Tracker,
    Vertex,
)
from adcli.explain.maths import (
    Bracketed,
    Dots,
    Fraction,
    Kronecker,
    Label,
    Listed,
    Mark,
    Matrix,
    Name,
    Number,
    Partial,
    Power,
    Product,
    Raw,
    Relation,
    Role,
    Sum,
    Symbols,
    Tint,
    Transposed,
)
from adcli.explain.progress import DONE, NOW, TO_COME, Late, Progress, State

V, P, T, C = Role.VALUE, Role.PARAMETER, Role.TANGENT, Role.COTANGENT

LABELS = Labels(
    states={state: state.value for state in State},
    reads="reads",
    next="next",
    back="back",
    quit="quit",
    note="note",
    bare="no ∂",
)


def h(i: int, rank: int = 1) -> Name:
    return Name("h", str(i), rank=rank, role=V)


def weight(i: int, *entry: int) -> Name:
    return Name("W", str(i), rank=0 if entry else 2, role=P, entry=entry)


def tangent(i: int) -> Name:
    return Name("W", str(i), mark=Mark.HAT, rank=2, role=T)


H_TILDE = Name("h", mark=Mark.TILDE, rank=1, role=C)
X = Name("x", rank=1, role=V)
H4 = h(4, 0)
LOSS = Name("ℓ", role=V)
VALUES = {0: [1, 1], 1: [2, 2], 2: [6, 4], 3: [10, 16], 4: [36], 5: [1]}
WIRE_NAMES = (X, h(1), h(2), h(3), H4, LOSS)


def listed(i: int) -> Listed | Number:
    return Number(VALUES[i][0], V) if i > 3 else Listed(np.array(VALUES[i], float), V)


def matrix(rows: list[list[float]], role: Role = Role.PLAIN, entries: Role = Role.PLAIN, **more: object) -> Matrix:
    return Matrix(np.array(rows, float), role, entries, **more)  # type: ignore[arg-type]


def strip(now: int, back: bool = False) -> Network:
    """The net of the lecture; ``now`` is the primitive (1 … 5) that is worked at."""
    wire: list[Pill | Box | Gap] = []
    below = {2: [8, 6], 3: [4, 2]}
    for i, name in enumerate(WIRE_NAMES):
        if i:
            label = (Name("f", str(i)),) if i < 5 else (Words("loss"),)
            progress = NOW if i == now else (DONE if (i < now) != back else TO_COME)
            wire.append(Box(label, progress))
        known = back or i <= now
        cotangent = Late(matrix([below[i]], C, C, shape=False)) if back and i in below else None
        shape = "2" if i < 4 else ""
        wire.append(Pill(name, listed(i) if known else None, shape, DONE if known else TO_COME, cotangent))
    progress_of = [NOW if i == now else DONE if back and i > now else TO_COME for i in (1, 2, 3, 4)]
    parameters = tuple(
        ParameterBox(weight(i), "1×2" if i == 4 else "2×2", (2 * i - 1,), progress_of[i - 1]) for i in (1, 2, 3, 4)
    )
    direction = Direction.BACK if back else Direction.FORWARD
    alt = "x, f1 with W1, h1, f2 with W2, h2, f3 with W3, h3, f4 with W4, h4, loss; now at f3"
    return Network(tuple(wire), parameters, (), direction, C if back else T, alt=alt)


def chain_rule(rows: list[tuple[str, ...]], back: bool) -> Tracker:
    """``rows``: for W1 … W4 the state of each factor, a letter each: d(one), n(ow), t(o come)."""
    states = {"d": DONE, "n": NOW, "t": TO_COME}
    names = [LOSS, H4, h(3), h(2), h(1)]
    chains = []
    for i, letters in enumerate(rows, 1):
        path = [*names[: 6 - i], weight(i)]
        factors = tuple(
            Factor(Partial(a, b), column, states[letter])
            for column, (a, b, letter) in enumerate(zip(path[:-1], path[1:], letters, strict=True))
        )
        ready = all(letter == "d" for letter in letters)
        covered = [c for c, letter in enumerate(letters) if letter in "nd"]
        result = None if not covered or ready else H_TILDE if back else tangent(i)
        span = (covered[0], covered[-1]) if result else None
        chains.append(Chain(Partial(LOSS, weight(i)), factors, result, span, DONE if ready else TO_COME))
    direction = Direction.BACK if back else Direction.FORWARD
    caption = "Chain rule, read from the left" if back else "Chain rule, read from the right"
    return Tracker(caption, tuple(chains), 5, direction, C if back else T)


def forward_step() -> Slide:
    """As the storyboard's html-1 and term-1: four formulas, each with rule → numbers → result in phases 0, 1, 2.

    In Ŵ₃ the brackets have the tangent's colour and the entries the value's; its forced zeros are dim.
    The worked entry tints row 2 of the left matrix, column 3 of the right one and entry (2, 3) of the result.
    """
    w3 = [[1, 1], [2, 1]]
    zeros = np.array([[0, 0, 1, 1], [1, 1, 0, 0]], bool)
    value = Formula(
        h(3),
        (
            Part("=", Product((weight(3), h(2)))),
            Part("=", Product((matrix(w3, P, P), matrix([[6], [4]], V, V))), 1),
            Part("=", matrix([[10], [16]], V, V, new=True), 2),
        ),
        label="value",
        role=V,
    )
    first = Formula(
        tangent(1),
        (
            Part("←", Product((Partial(h(3), h(2)), tangent(1)))),
            Part(
                "=",
                Product(
                    (
                        matrix(w3, P, P, tint=Tint(row=1)),
                        matrix([[1, 1, 2, 2], [1, 1, 1, 1]], T, T, tint=Tint(column=2)),
                    )
                ),
                1,
            ),
            Part("=", matrix([[2, 2, 3, 3], [3, 3, 5, 5]], T, T, new=True, tint=Tint(entry=(1, 2))), 2),
        ),
        label="update",
        role=T,
    )
    second = Formula(
        tangent(2),
        (
            Part("←", Product((Partial(h(3), h(2)), tangent(2)))),
            Part("=", Product((matrix(w3, P, P), matrix([[2, 2, 0, 0], [0, 0, 2, 2]], T, T, zeros=zeros))), 1),
            Part("=", matrix([[2, 2, 2, 2], [4, 4, 2, 2]], T, T, new=True), 2),
        ),
        label="update",
        role=T,
    )
    third = Formula(
        tangent(3),
        (
            Part("←", Partial(h(3), weight(3))),
            Part(
                "=",
                matrix(
                    [[6, 4, 0, 0], [0, 0, 6, 4]],
                    T,
                    V,
                    zeros=zeros,
                    new=True,
                    heads=(weight(3, 1, 1), weight(3, 1, 2), weight(3, 2, 1), weight(3, 2, 2)),
                ),
                1,
            ),
        ),
        label="start",
        role=T,
        aside=(Words("both rows of "), weight(3), Words(" meet the same "), h(2)),
    )
    line = Relation(
        Sum((Product((Number(2, P), Number(2, T)), dot=True), Product((Number(1, P), Number(1, T)), dot=True))),
        "=",
        Number(5, T),
    )
    meaning = (
        Words("add 1 to "),
        weight(1, 2, 1),
        Words(" and "),
        h(3)._replace(rank=0, entry=(2,)),
        Words(" grows by 5"),
    )
    work = Work("One entry, by hand", line, meaning, phase=2, role=T)
    slots = (
        Slot(tangent(1), None, "2×4", Progress(State.HELD), T),
        Slot(tangent(2), None, "2×4", Progress(State.HELD), T),
        Slot(tangent(3), None, "2×4", Progress(State.NOW, 1, State.TO_COME), T),
        Slot(h(3), listed(3), "2", Progress(State.HELD), V),
        Slot(h(2), listed(2), "2", Progress(State.LET_GO, 2, State.HELD), V),
    )
    facts = (Words("this step "), Words("2·2·4 + 2·2·4 = 32", strong=True), Words(" multiplications"))
    storage = Storage("in memory", slots, Meter(26, 26, (Words("26", strong=True), Words(" numbers"))), facts)
    return Slide(
        id="forward-3",
        kind="forward-step",
        head="Forward mode",
        title=(
            Words("Push "),
            tangent(1),
            Words(" and "),
            tangent(2),
            Words(" through "),
            Name("f", "3"),
            Words(", start "),
            tangent(3),
        ),
        sentence=(Words("Multiply by the input Jacobian from the left; start the new one with its weight Jacobian."),),
        position=Position("step 3 of 5", 3, 5),
        strip=strip(3),
        stage=(value, first, second, third),
        side=(chain_rule([tuple("ttndd"), tuple("ttnd"), tuple("ttn"), tuple("tt")], False), work),
        storage=storage,
        note="Why are half of the entries of W3's tangent zero?",
        last_phase=2,
    )


def reverse_step() -> Slide:
    """As html-2 and term-2: two groups with a bar at their left, f₄ done (✓) and f₃ now (◂); ◂ [8 6] under h₂."""
    start = Formula(
        H_TILDE,
        (
            Part("←", Partial(LOSS, H4)),
            Part("=", Product((Number(2), Bracketed(Sum((Number(36, V), Number(35)), minus=(1,)))))),
            Part("=", Number(2, C)),
        ),
        label="start",
        role=C,
        reads=(H4,),
    )
    before = Group(
        (Name("f", "4"),),
        (
            Formula(
                Partial(LOSS, weight(4), C),
                (
                    Part("=", Product((H_TILDE, Partial(H4, weight(4))))),
                    Part("=", Product((Number(2, C), matrix([[10, 16]], Role.PLAIN, V)))),
                    Part("=", matrix([[20, 32]], C, C)),
                ),
                role=C,
                reads=(h(3),),
                done=True,
            ),
        ),
        DONE,
        Role.DONE,
    )
    zeros = np.array([[0, 0, 1, 1], [1, 1, 0, 0]], bool)
    now = Group(
        (Name("f", "3"),),
        (
            Formula(
                Partial(LOSS, weight(3), C),
                (
                    Part("=", Product((H_TILDE, Partial(h(3), weight(3))))),
                    Part(
                        "=",
                        Product(
                            (matrix([[4, 2]], C, C), matrix([[6, 4, 0, 0], [0, 0, 6, 4]], Role.PLAIN, V, zeros=zeros))
                        ),
                        1,
                    ),
                    Part("=", matrix([[24, 16, 12, 8]], C, C, new=True), 2),
                ),
                role=C,
                reads=(h(2),),
                done=True,
            ),
            Formula(
                H_TILDE,
                (
                    Part("←", Product((H_TILDE, Partial(h(3), h(2)))), 3),
                    Part("=", Product((matrix([[4, 2]], C, C), matrix([[1, 1], [2, 1]], P, P))), 3),
                    Part("=", matrix([[8, 6]], C, C, new=True), 3),
                ),
                role=C,
                reads=(weight(3),),
                phase=3,
            ),
        ),
        NOW,
        C,
    )
    aside = Text(
        (Words("the shared prefix is "), H_TILDE, Words(": one row, however many weights lie before it")),
        head="Computed once, used by all",
        role=C,
    )
    slots = (
        Slot(h(1), listed(1), "2", Progress(State.READ_NEXT), V),
        Slot(h(2), listed(2), "2", Progress(State.LET_GO, 2, State.HELD), V),
        Slot(h(3), listed(3), "2", Progress(State.LET_GO), V),
        Slot(H4, listed(4), "", Progress(State.LET_GO), V),
        Slot(LOSS, listed(5), "", Progress(State.NEVER_READ), V),
        Slot(H_TILDE, matrix([[8, 6]], C, C, shape=False), "1×2", Progress(State.IN_HAND), C),
    )
    storage = Storage("stored", slots, Meter(2, 8, (Words("2", strong=True), Words(" of 8 still needed"))))
    return Slide(
        id="backward-3",
        kind="backward-step",
        head="Reverse mode",
        title=(Partial(LOSS, weight(3), C), Words(" is done; "), H_TILDE, Words(" moves to "), h(2)),
        sentence=(Words("One row times the weight Jacobian is the gradient."),),
        position=Position("backward, step 2 of 4", 2, 4),
        strip=strip(3, back=True),
        stage=(start, before, now),
        side=(chain_rule([tuple("dddtt"), tuple("dddt"), tuple("ddd"), tuple("dd")], True), aside),
        storage=storage,
        note="Which stored value is read next?",
        last_phase=3,
    )


def numeric_check() -> Slide:
    """As html-3: a rule with fractions, a table with a line above its last rows, a plot that fills the side."""
    entry = weight(1, 1, 1)
    h_step = Name("h")
    rule = Formula(
        Partial(LOSS, entry),
        (
            Part(
                "≈",
                Fraction(
                    Sum(
                        (
                            Product((Name("L"), Bracketed(Sum((entry, h_step))))),
                            Product((Name("L"), Bracketed(Sum((entry, h_step), minus=(1,))))),
                        ),
                        minus=(1,),
                    ),
                    Product((Number(2), h_step)),
                ),
            ),
        ),
        label="idea",
    )
    table = Table(
        (Column((Words("call"),)), Column((entry,), right=True), Column((Words("loss"),), right=True)),
        (
            Row(((Words("1"),), (Number(1.00001, digits=7),), (Number(1156.0047600049, V, digits=14),)), phase=1),
            Row(((Words("2"),), (Number(0.99999, digits=7),), (Number(1155.9952400049, V, digits=14),)), phase=2),
            Row(((Words("difference / 2h"),), (), (Number(475.999999958, C, digits=12),)), phase=3, rule=True),
            Row(((Words("reverse mode says"),), (), (Number(476, C),)), DONE, phase=3),
        ),
    )
    central = tuple((10.0**-k, 10.0 ** (k - 15)) for k in range(15))
    one_sided = tuple((10.0**-k, max(10.0 ** (-k - 1), 10.0 ** (k - 15))) for k in range(15))
    plot = Plot(
        "step h (smaller →)",
        "relative error",
        (Series("central", "circle", central, V), Series("one-sided", "triangle", one_sided, T)),
        marker=(1e-5, "here: h = 10⁻⁵"),
        floor=(2e-16, "below 2·10⁻¹⁶: nothing to see in float64"),
        falling_x=True,
        phase=4,
        alt="error against step: central rises as h shrinks, one-sided falls and then rises",
    )
    return Slide(
        id="numeric-entry",
        kind="numeric-entry",
        head="Numeric mode",
        title=(Words("Two calls for one number, and how small "), h_step, Words(" may be")),
        strip=strip(1),
        stage=(rule, table, Text((Words("14 parameters, 28 calls."),), head="Cost")),
        side=(plot,),
        storage=Storage("all 14", (), None, (Words("all entries agree with reverse mode"),)),
        last_phase=4,
    )


def program_node() -> Slide:
    """As html-4 and term-4: the graph with data | grad, the code with its line, the order as a row of slots."""
    a, b, c, d = (Name(letter, role=P if letter in "ab" else V) for letter in "abcd")
    product = Product((Number(1), Number(10, C)), dot=True)
    graph = Graph(
        (
            Vertex(a, "", Late(Number(2, V)), Late(Number(10, C)), 0, 0, leaf=True),
            Vertex(b, "", Late(Number(3, V)), Late(Number(10, C)), 0, 2, leaf=True),
            Vertex(c, "+", Late(Number(5, V)), Late(Number(10, C)), 1, 1, progress=NOW),
            Vertex(d, "**2", Late(Number(25, V)), Late(Number(1, C)), 2, 1, output=True, progress=DONE),
        ),
        (
            Edge(0, 2, Late(product, 1), NOW),
            Edge(1, 2, Late(product, 1), NOW),
            Edge(2, 3, Late(Product((Number(2), Number(5), Number(1)), True)), DONE),
        ),
        Direction.BACK,
        alt="a and b into c by +, c into d by **2",
    )
    code = Code((Line("a = 2; b = 3"), Line("c = a + b", NOW, "undo this line"), Line("d = c ** 2", DONE)))
    grads = Formula(
        Label("a.grad"),
        (Part("+=", product, 1), Part("=", Sum((Number(0), Number(10, C))), 1), Part("=", Number(10, C), 2)),
        role=C,
    )
    order = (
        Slot(d, None, "", Progress(State.DONE)),
        Slot(c, None, "", Progress(State.NOW)),
        Slot(b, None, "", Progress(State.TO_COME), P, "leaf"),
        Slot(a, None, "", Progress(State.TO_COME), P, "leaf"),
    )
    check = Text(
        (Relation(Sum((Product((Number(2), a)), Product((Number(2), b)))), "=", Number(10)),),
        Style.CHECK,
        head="check",
    )
    return Slide(
        id="node-c",
        kind="program-node",
        head="Program, reverse mode",
        title=(c, Words(" hands its grad to "), a, Words(" and "), b),
        position=Position("node 2 of 2", 2, 2),
        stage=(graph,),
        side=(code, grads, check),
        storage=Storage("order", order, None, (Words("a node passes its grad on only when it is complete"),)),
        last_phase=2,
    )


def checkpoint_and_sharing() -> Slide:
    """A parameter with two stems, an arc over the strip, a gap, a batch; slots not kept, and computed again (↻)."""
    shared = weight(1)
    wire: tuple[Pill | Box | Gap, ...] = (
        Pill(X, Listed(np.array([1.0, 1.0]), V), "2", DONE, times=2),
        Box((Name("f", "1"),), DONE),
        Pill(h(1), None, "2", DONE),
        Box((Name("f", "2"),), NOW),
        Pill(h(2), None, "2", TO_COME, Late(matrix([[4, 2]], C, C, shape=False), 1)),
        Gap(17),
        Box((Words("relu"),), TO_COME),
        Pill(Name("out_h", rank=1, role=V), None, "64", TO_COME),
    )
    network = Network(
        wire,
        (ParameterBox(shared, "2×2", (1, 3), NOW), ParameterBox(Name("b", "1", rank=1, role=P), "2", (1,), TO_COME)),
        (Skip(0, 3, NOW),),
        Direction.BACK,
        C,
        alt="W1 is used twice; x also skips to f2",
    )
    zero = matrix([[0, 0], [4, 6]], C, C)
    adding = Formula(
        Partial(LOSS, shared, C),
        (
            Part("=", Sum((matrix([[4, 4], [2, 2]], C, C), zero))),
            Part("=", matrix([[4, 4], [6, 8]], C, C, new=True), 1),
        ),
        label="add",
        role=C,
        done=True,
    )
    chain = (
        Chain(Partial(LOSS, shared), (Factor(Partial(LOSS, h(2)), 0, DONE), Factor(Partial(h(2), shared), 1, NOW))),
        Chain(
            Partial(LOSS, shared),
            (
                Factor(Partial(LOSS, h(2)), 0, DONE),
                Factor(Partial(h(2), h(1)), 1, TO_COME),
                Factor(Partial(h(1), shared), 2, TO_COME),
            ),
            plus=True,
        ),
    )
    slots = (
        Slot(h(1), listed(1), "2", Progress(State.HELD)),
        Slot(h(2), listed(2), "2", Progress(State.RECOMPUTED, 1, State.NOT_KEPT)),
        Slot(h(3), None, "2", Progress(State.NOT_KEPT)),
    )
    return Slide(
        id="shared",
        kind="shared",
        head="Reverse mode",
        title=(shared, Words(" is used 2 times: its contributions add up")),
        strip=network,
        stage=(adding,),
        side=(Tracker("Chain rule, read from the left", chain, 3, Direction.BACK, C),),
        storage=Storage("stored", slots, Meter(5, 4, (Words("5 evaluations instead of 4: 1.25 × the work"),))),
        last_phase=1,
    )


def everything_else() -> Slide:
    """A cut 64 × 64 matrix, structures instead of wide Jacobians, symbols, a warning, bars; hostile text at the end."""
    big = Matrix(np.random.default_rng(0).normal(0, 0.1, (64, 64)), P, P)
    hostile = r"\input{x} <script>alert(1)</script> [bold]$x$ % _ # & ~ ^ {"
    columns = [weight(1, i, j) for i in (1, 2) for j in (1, 2)]
    symbols = Symbols(
        tuple(tuple(Partial(h(1)._replace(rank=0, entry=(i,)), column) for column in columns) for i in (1, 2))
    )
    stage = (
        Formula(Name("W", "7", rank=2, role=P), (Part("=", big),)),
        Formula(Partial(h(1), weight(1)), (Part("=", symbols), Part("=", Kronecker(64, Transposed(h(2)))))),
        Formula(
            Partial(h(2), Name("z", "2", rank=1, role=V)),
            (Part("=", Listed(np.array([1.0, 0.0, 1.0]), V, "diag")), Part("=", Product((Dots(), Number(1 / 3))))),
        ),
        Formula(
            LOSS, (Part("=", Raw("(h₄ − y)²", "(h_4 - y)^2")), Part("=", Power(Bracketed(Label("h − y")), Number(2))))
        ),
        Text((Words("relu is at its kink in "), h(2)), Style.WARNING),
        Bars(
            "multiplications",
            (Bar((Words("forward"),), 86, "86", T), Bar((Words("reverse"),), 36, "36", C)),
            alt="forward 86, reverse 36",
        ),
        Text((Words(hostile), Name(hostile)), Style.ASIDE),
    )
    return Slide("rest", "notice", "Reverse mode", (Words("Everything else: "), Words(hostile)), stage=stage)


def deck() -> Deck:
    """The six slides, with a hostile title."""
    slides = (
        forward_step(),
        reverse_step(),
        numeric_check(),
        program_node(),
        checkpoint_and_sharing(),
        everything_else(),
    )
    return Deck("Sample & <b>title</b> \\end{document}", "en", "forward", Numbers(), LABELS, slides)
