"""What the reader makes of C++: frozen records. Only what can matter to kernels has a record of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

from scamp_sim.compiler.sdk.lexer import Place

# --- expressions ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    place: Place
    value: int | float


@dataclass(frozen=True, slots=True)
class String:
    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """A name; of a qualified one, the last part."""

    place: Place
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """`base.name` or `base->name`."""

    place: Place
    base: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    place: Place
    callee: Expression
    args: tuple[Expression, ...]
    template: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Index:
    place: Place
    base: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Unary:
    """`operator` is "p++" or "p--" for the ones that come after."""

    place: Place
    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    place: Place
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Ternary:
    place: Place
    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Assign:
    """`operator` is "" for a plain assignment, else that of the compound one."""

    place: Place
    operator: str
    target: Expression
    value: Expression


@dataclass(frozen=True, slots=True)
class Cast:
    place: Place
    type: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class List:
    """`{a, b}`; `names` holds those of `{.x = a}`, "" where there are none."""

    place: Place
    items: tuple[Expression, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Size:
    """`sizeof x`."""

    place: Place
    operand: Expression | None


@dataclass(frozen=True, slots=True)
class Lambda:
    place: Place
    formals: tuple[Formal, ...]
    body: Block


@dataclass(frozen=True, slots=True)
class Comma:
    place: Place
    items: tuple[Expression, ...]


Expression = (
    Number | String | Name | Member | Call | Index | Unary | Binary | Ternary | Assign | Cast | List | Size | Lambda
    | Comma
)  # fmt: skip


# --- statements -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Formal:
    """A parameter of a function."""

    place: Place
    name: str
    type: str
    reference: bool = False
    default: Expression | None = None


@dataclass(frozen=True, slots=True)
class Evaluate:
    place: Place
    value: Expression


@dataclass(frozen=True, slots=True)
class Variable:
    """One declared name. `dims`: sizes of an array, None where it is left out. `direct`: initialised by brackets.

    `parts`: the names in `auto [a, b]`.
    """

    place: Place
    name: str
    type: str
    const: bool
    static: bool
    dims: tuple[Expression | None, ...] = ()
    value: Expression | None = None
    direct: tuple[Expression, ...] | None = None
    reference: bool = False
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Declare:
    place: Place
    variables: tuple[Variable, ...]


@dataclass(frozen=True, slots=True)
class Block:
    place: Place
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class If:
    place: Place
    condition: Expression
    then: Statement
    otherwise: Statement | None


@dataclass(frozen=True, slots=True)
class For:
    place: Place
    first: Statement | None
    condition: Expression | None
    step: Expression | None
    body: Statement


@dataclass(frozen=True, slots=True)
class Each:
    """`for (auto x : list)`."""

    place: Place
    variable: Variable
    values: Expression
    body: Statement


@dataclass(frozen=True, slots=True)
class While:
    """`after`: the condition stands after the body (do ... while)."""

    place: Place
    condition: Expression
    body: Statement
    after: bool


@dataclass(frozen=True, slots=True)
class Switch:
    place: Place
    value: Expression
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """`value`: None for default."""

    place: Place
    value: Expression | None


@dataclass(frozen=True, slots=True)
class Jump:
    """`kind`: "break", "continue" or "return"."""

    place: Place
    kind: str
    value: Expression | None = None


@dataclass(frozen=True, slots=True)
class Function:
    place: Place
    name: str
    formals: tuple[Formal, ...]
    body: Block
    template: tuple[str, ...] = ()
    members: tuple[tuple[str, tuple[Expression, ...]], ...] = ()
    """What a constructor initialises in front of its body."""


@dataclass(frozen=True, slots=True)
class Enum:
    place: Place
    items: tuple[tuple[str, Expression | None], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The inside of a namespace or a class: its names are visible to all, as texts are short.

    `members`: whether it is a class; `name`: of the class.
    """

    place: Place
    body: tuple[Statement, ...]
    members: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class TypeName:
    """`using name = type;`"""

    place: Place
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Kernel:
    """What stands between kernel marks. `place`: the begin mark. `problem`: what is wrong with its marks."""

    place: Place
    dynamic: bool
    body: tuple[Statement, ...]
    end: Place
    problem: str = ""


@dataclass(frozen=True, slots=True)
class StrayEnd:
    """An end mark without a begin."""

    place: Place


@dataclass(frozen=True, slots=True)
class Unread:
    """C++ that could not be read. `names`: those in it that matter to kernels or the host program."""

    place: Place
    reason: str
    names: tuple[str, ...] = field(default=())


Statement = (
    Evaluate | Declare | Block | If | For | Each | While | Switch | Case | Jump | Function | Enum | Group | TypeName
    | Kernel | StrayEnd | Unread
)  # fmt: skip
