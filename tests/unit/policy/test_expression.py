"""Numbers written as expressions: what they give, and how what they cannot give is told."""

import copy
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initaudit.policy.expression import DEEPEST, LONGEST, Expression, ExpressionError

SCOPE = {
    "n_layer": 12,
    "fan_in": 48,
    "shape": (3, 4, 5),
    "module.kernel_size": (3, 5),
    "module.dim": 64,
    "model.config.n_layer": 24,
    "module.padding_idx": 0,
    "i": 2,
    "nothing": (),
    "infinite": math.inf,
    "none": None,
}


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("", 0, "the expression ends where a number, a name or '(' should be"),
        ("1 +", 3, "the expression ends where a number, a name or '(' should be"),
        ("(1", 2, "the expression ends where ')' should be"),
        ("1 2", 2, "unexpected '2'"),
        ("1 : 2", 2, "unexpected ':'"),
        ("shape[1:2:3]", 9, "unexpected ':' where ']' should be"),
        ("1 $ 2", 2, "unexpected '$'"),
        ("1 < 2", 2, "unexpected '<'"),
        ("'a'", 0, 'unexpected "\'"'),
        ("1_000", 1, "unexpected '_000'"),
        ("min()", 4, "unexpected ')' where a number, a name or '(' should be"),
        ("2 * srt(2)", 4, "unknown function 'srt'; did you mean 'sqrt'?"),
        ("open(1)", 0, "unknown function 'open'; there are sqrt, log, exp, min, max, prod"),
        ("module.forward(1)", 0, "unknown function 'module.forward'; there are sqrt, log, exp, min, max, prod"),
        ("sqrt", 0, "sqrt is a function; write sqrt(…)"),
        ("sqrt(1, 2)", 0, "sqrt takes one number, not 2"),
        ("module", 0, "module is no number; name one of its attributes: module.…"),
        ("os.path", 0, "'os.path': only module and model have attributes"),
        ("module.__class__", 0, "'module.__class__': a name may not start with an underscore"),
        ("model.config._x", 0, "'model.config._x': a name may not start with an underscore"),
        ("1 / 0", 2, "division by zero"),
        ("7 % 0", 2, "division by zero"),
        ("0.0 ** -1", 4, "division by zero"),
        ("9**9**9", 1, "the result is too large"),
        ("9**9**9**9", 4, "the result is too large"),
        ("exp(1000)", 0, "the result is too large"),
        ("1e400", 0, "the result is too large"),
        ("9" * 400, 0, "the result is too large"),
        ("1e308 * 10", 6, "the result is too large"),
        ("(-8) ** (1 / 3)", 5, "the result is not a real number"),
        ("log(0)", 0, "log is not defined for 0"),
        ("sqrt(-1)", 0, "sqrt is not defined for -1"),
    ],
)
def test_what_cannot_be_parsed_is_told_with_its_place(text, offset, message):
    with pytest.raises(ExpressionError) as caught:
        Expression.parse(text)
    assert str(caught.value) == message
    assert caught.value.offset == offset


@pytest.mark.parametrize("value", [True, False, math.nan, math.inf, -math.inf, 10**400])
def test_what_is_no_finite_number_is_refused(value):
    with pytest.raises(ExpressionError):
        Expression.parse(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("absent + 1", "absent is not known here"),
        ("shape", "a number is needed, not a tuple of 3 numbers: index it or take its prod(…)"),
        ("shape * 2", "a number is needed, not a tuple of 3 numbers: index it or take its prod(…)"),
        ("shape[3]", "there is no [3] in a tuple of 3"),
        ("shape[0.5]", "there is no [0.5] in a tuple of 3"),
        ("shape[1:]", "a number is needed, not a tuple of 2 numbers: index it or take its prod(…)"),
        ("prod(shape[0.5:])", "there is no [0.5] in a tuple of 3"),
        ("fan_in[0]", "only a tuple can be indexed"),
        ("fan_in[0:]", "only a tuple can be indexed"),
        ("min(nothing)", "min of nothing"),
        ("1 / (n_layer - 12)", "division by zero"),
        ("fan_in ** fan_in ** fan_in", "the result is too large"),
        ("infinite", "the result is too large"),
        ("none * 2", "a number is needed, not None"),
    ],
)
def test_what_has_no_value_in_a_scope_is_told(text, message):
    expression = Expression.parse(text)
    with pytest.raises(ExpressionError) as caught:
        expression.evaluate(SCOPE)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.02 / sqrt(2 * n_layer)", 0.02 / math.sqrt(24)),
        ("10000 ** (-2 * i / module.dim)", 10000 ** (-4 / 64)),
        ("1 / sqrt(fan_in)", 1 / math.sqrt(48)),
        ("model.config.n_layer", 24),
        ("shape[0]", 3),
        ("shape[-1] + shape[1 - 1]", 8),
        ("prod(module.kernel_size)", 15),
        ("module.kernel_size[1]", 5),
        ("max(shape, 7)", 7),
        ("prod(shape[1:]) / prod(shape[:1])", SCOPE["shape"][1] * SCOPE["shape"][2] / 3),
        ("prod(shape[-2:][:1]) + prod(shape[5:])", SCOPE["shape"][1] + 1),
        ("min(shape) * max(2, 9)", 27),
        ("prod(nothing)", 1),
        ("-2 ** 2", -4),
        ("2 ** -1", 0.5),
        ("2 ** 3 ** 2", 512),
        ("- - 3", 3),
        ("+-3", -3),
        ("7 // 2 * 2 + 7 % 2", 7),
        ("1 - 2 - 3", -4),
        ("log(exp(2))", 2),
        ("2 * pi", 2 * math.pi),
        ("012 + .5e1", 17),
        ("padding_idx", 0),
    ],
)
def test_expressions_give_what_python_would(text, value):
    assert Expression.parse(text).evaluate(SCOPE) == pytest.approx(value)


def test_free_names_are_listed_and_a_constant_has_none():
    expression = Expression.parse("pi * module.dim / sqrt(n_layer) + shape[0]")
    assert expression.names == {"module.dim", "n_layer", "shape"}
    assert expression.constant is None
    assert Expression.parse("2 * pi").constant == pytest.approx(2 * math.pi)
    assert Expression.parse(0.02).constant == 0.02


def test_padding_idx_is_short_for_the_attribute_of_the_module():
    assert Expression.parse("padding_idx").names == {"module.padding_idx"}


@pytest.mark.parametrize(
    "bomb",
    ["(" * 300 + "1" + ")" * 300, "2" + "**2" * 300, "shape[" * 50 + "0" + "]" * 50, "min(" * 50 + "1" + ")" * 50],
)
def test_a_nesting_bomb_is_refused(bomb):
    with pytest.raises(ExpressionError, match=f"nests at most {DEEPEST} deep"):
        Expression.parse(bomb)


def test_a_long_text_is_refused():
    with pytest.raises(ExpressionError, match=f"at most {LONGEST} characters, this one has 1001"):
        Expression.parse("1" * 1001)


def test_a_long_chain_needs_no_deep_stack():
    assert Expression.parse("+".join(["1"] * 500)).constant == 500
    assert Expression.parse("-" * 999 + "1").constant == -1


def test_an_expression_is_a_value():
    expression = Expression.parse("2 * n_layer")
    assert expression == Expression.parse("2 * n_layer") != Expression.parse("n_layer * 2")
    assert str(expression) == expression.text == "2 * n_layer"
    assert pickle.loads(pickle.dumps(expression)) == copy.deepcopy(expression) == expression
    assert pickle.loads(pickle.dumps(expression)).evaluate(SCOPE) == 24


@given(st.text(alphabet="0123456789.e+-*/%()[], abinmodulexpsqrt_'\"\\\n", max_size=60))
def test_any_text_is_an_expression_or_an_error(text):
    try:
        value = Expression.parse(text).evaluate(SCOPE)
    except ExpressionError as error:
        value = error.offset
    assert math.isfinite(value)


numbers = st.integers(0, 20) | st.floats(0.1, 20).map(lambda value: round(value, 3))


@st.composite
def arithmetic(draw, depth=3):
    if depth == 0 or draw(st.booleans()):
        return str(draw(numbers))
    sign = draw(st.sampled_from(["+", "-", "*", "/", "//", "%", "**"]))
    text = f"{draw(arithmetic(depth - 1))} {sign} {draw(arithmetic(depth - 1))}"
    return draw(st.sampled_from([f"({text})", f"-{text}", text]))


@given(arithmetic())
def test_operators_bind_as_in_python(text):
    try:
        value = Expression.parse(text).constant
    except ExpressionError:
        return
    assert value == pytest.approx(eval(text), rel=1e-12)
