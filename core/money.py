"""Money: integer minor units and a currency, so that no amount is ever a float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from babel.numbers import get_currency_precision

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Money:
    """`amount` minor units (cents, 分) of `currency` (ISO 4217); only amounts of one currency meet."""

    amount: int
    currency: str

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __bool__(self) -> bool:
        return self.amount != 0

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not meet")
        return other.amount

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Shares by weight that add up exactly: each rounded down, what is left goes to the largest remainders."""
        whole = sum(weights)
        if whole <= 0 or min(weights) < 0:
            raise ValueError("weights are positive")
        shares = [self.amount * weight // whole for weight in weights]
        by_remainder = sorted(
            range(len(weights)), key=lambda i: (-(self.amount * weights[i] % whole), i)
        )
        for index in by_remainder[: self.amount - sum(shares)]:
            shares[index] += 1
        return [Money(share, self.currency) for share in shares]

    @classmethod
    def parse(cls, typed: str, currency: str) -> Money:
        """An amount as people write it ("1,299.50"); ValueError for what is none or has too many decimals."""
        try:
            amount = Decimal(typed.replace(",", "").strip()).scaleb(
                get_currency_precision(currency)
            )
        except ArithmeticError:
            raise ValueError(f"{typed!r} is no amount") from None
        if not amount.is_finite() or amount != int(amount):
            raise ValueError(f"{typed!r} is no amount of {currency}")
        return cls(int(amount), currency)

    def as_json(self) -> dict[str, Any]:
        """As the API has it: {"amount": minor units, "currency"}."""
        return {"amount": self.amount, "currency": self.currency}
