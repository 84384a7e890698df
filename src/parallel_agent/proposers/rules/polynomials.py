"""Integer polynomials over loop variables and symbolic sizes: what subscripts and bounds become."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Symbol:
    """A variable, or an expression treated as one, of a polynomial.

    ``depends`` holds the keys of the source variables its value depends on.
    """

    name: str
    depends: frozenset[str] = field(default=frozenset(), compare=False)


Monomial = tuple[Symbol, ...]


@dataclass(frozen=True)
class Polynomial:
    """A sum of integer multiples of products of symbols; terms with factor 0 are left out."""

    terms: tuple[tuple[Monomial, int], ...] = ()

    @classmethod
    def of(cls, terms: dict[Monomial, int]) -> Polynomial:
        """A polynomial from a table of monomials to factors."""
        return cls(tuple(sorted((m, c) for m, c in terms.items() if c)))

    @classmethod
    def constant(cls, value: int) -> Polynomial:
        """A number."""
        return cls.of({(): value})

    @classmethod
    def variable(cls, symbol: Symbol) -> Polynomial:
        """A symbol by itself."""
        return cls.of({(symbol,): 1})

    def __add__(self, other: Polynomial) -> Polynomial:
        sums = dict(self.terms)
        for monomial, factor in other.terms:
            sums[monomial] = sums.get(monomial, 0) + factor
        return Polynomial.of(sums)

    def __neg__(self) -> Polynomial:
        return Polynomial(tuple((m, -c) for m, c in self.terms))

    def __sub__(self, other: Polynomial) -> Polynomial:
        return self + -other

    def __mul__(self, other: Polynomial) -> Polynomial:
        products: dict[Monomial, int] = {}
        for m1, c1 in self.terms:
            for m2, c2 in other.terms:
                monomial = tuple(sorted(m1 + m2))
                products[monomial] = products.get(monomial, 0) + c1 * c2
        return Polynomial.of(products)

    @property
    def value(self) -> int | None:
        """The number this is, None if symbols occur."""
        if not self.terms:
            return 0
        if len(self.terms) == 1 and self.terms[0][0] == ():
            return self.terms[0][1]
        return None

    @property
    def symbols(self) -> set[Symbol]:
        """The symbols that occur."""
        return {symbol for monomial, _ in self.terms for symbol in monomial}

    def coefficient(self, symbol: Symbol) -> Polynomial | None:
        """What multiplies a symbol; None if the symbol occurs to a higher power."""
        factors: dict[Monomial, int] = {}
        for monomial, factor in self.terms:
            occurrences = monomial.count(symbol)
            if occurrences > 1:
                return None
            if occurrences == 1:
                rest = list(monomial)
                rest.remove(symbol)
                factors[tuple(rest)] = factor
        return Polynomial.of(factors)

    def without(self, symbol: Symbol) -> Polynomial:
        """The terms in which a symbol does not occur."""
        return Polynomial(tuple((m, c) for m, c in self.terms if symbol not in m))

    def substitute(self, symbol: Symbol, value: Polynomial) -> Polynomial:
        """The polynomial with a symbol replaced."""
        result = self.without(symbol)
        for monomial, factor in self.terms:
            if symbol not in monomial:
                continue
            term = Polynomial.constant(factor)
            for other in monomial:
                term *= value if other == symbol else Polynomial.variable(other)
            result += term
        return result

    def common_factor(self, symbols: set[Symbol]) -> Polynomial:
        """The largest number times some of ``symbols`` that divides every term; 0 for zero."""
        if not self.terms:
            return ZERO
        number = math.gcd(*(factor for _, factor in self.terms))
        shared = Counter(s for s in self.terms[0][0] if s in symbols)
        for monomial, _ in self.terms[1:]:
            shared &= Counter(monomial)
        return Polynomial.of({tuple(sorted(shared.elements())): number})

    def never_negative(self) -> bool:
        """True if no value of the symbols from 0 up makes it negative (all factors positive)."""
        return all(factor >= 0 for _, factor in self.terms)


ZERO = Polynomial.constant(0)
ONE = Polynomial.constant(1)
