"""Which remedies a purchase allows on a day, and why: pure, over facts and rules (SL-18, STD-01 to STD-05)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

REMEDIES = ("return", "exchange", "repair", "store_credit")
FREE_REASONS = ("no_reason", "size")
FAULT_REASONS = ("faulty", "not_as_described", "wrong_item")
REASONS = (*FREE_REASONS, *FAULT_REASONS)
CONDITIONS = ("intact", "opened", "used")
PARTS_DAYS = 90
REPAIRS = 2
STORE, CUSTOMER = "store", "customer"


@dataclass(frozen=True, kw_only=True)
class Goods:
    """What comes back: `excluded` names the exclusion that was confirmed at the purchase, "" for none."""

    name: str
    category: str
    excluded: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A purchase and a wish. Days are calendar days in the store's zone.

    `received_on` is when an online order was signed for, None while it is on its way. `failed_repairs` counts repairs
    that did not last, `repair_days` how long the present one takes, `parts_days` how long parts have been lacking.
    """

    sold_on: date
    asked_on: date
    channel: str
    reason: str
    goods: tuple[Goods, ...]
    tenders: tuple[str, ...] = ("cash",)
    condition: str = "intact"
    received_on: date | None = None
    failed_repairs: int = 0
    repair_days: int = 0
    parts_days: int = 0


@dataclass(frozen=True, kw_only=True)
class Guarantee:
    """A row of the Three Guarantees (三包, STD-05), in days from the sale; a repair may last `repair_limit_days`."""

    category: str
    return_days: int = 7
    exchange_days: int = 15
    guarantee_days: int = 365
    repair_limit_days: int = 30


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The store's windows in days; the law's are their floor, which the settings do not let a tenant undercut."""

    online_days: int = 7
    store_days: int = 7
    bank_days: int = 15
    exchange_days: int = 15
    credit_days: int = 30
    fault_days: int = 7
    plain_guarantee_days: int = 90
    excluded: frozenset[str] = frozenset({"custom", "fresh", "digital", "periodical"})
    guarantees: tuple[Guarantee, ...] = ()

    def guarantee(self, category: str) -> Guarantee | None:
        """The row of a category; None when the Three Guarantees do not name it."""
        return next((row for row in self.guarantees if row.category == category), None)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Whether a remedy is offered, by which rule, in which words, until which day, and who pays the way back."""

    remedy: str
    allowed: bool
    rule: str
    words: str
    values: dict[str, Any] = field(default_factory=dict)
    until: date | None = None
    freight: str = ""

    def as_json(self) -> dict[str, Any]:
        """As a return keeps it: dates in ISO form."""
        kept: dict[str, Any] = _plain(asdict(self))
        return kept


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Every remedy for all goods together, in the order of REMEDIES."""

    offers: tuple[Offer, ...]

    def offer(self, remedy: str) -> Offer:
        """What was said about a remedy; KeyError for a word that is none."""
        for offer in self.offers:
            if offer.remedy == remedy:
                return offer
        raise KeyError(remedy)

    @property
    def allowed(self) -> tuple[str, ...]:
        """The remedies that are offered."""
        return tuple(offer.remedy for offer in self.offers if offer.allowed)


def evaluate(facts: Facts, rules: Rules) -> Verdict:
    """What the purchase allows on the day of asking: a remedy is offered when all goods allow it."""
    each = [_of_one(facts, goods, rules) for goods in facts.goods]
    return Verdict(offers=tuple(_tightest([offers[r] for offers in each]) for r in REMEDIES))


def _tightest(offers: list[Offer]) -> Offer:
    refused = [offer for offer in offers if not offer.allowed]
    if refused:
        return refused[0]
    return min(offers, key=lambda offer: offer.until or date.max)


def _of_one(facts: Facts, goods: Goods, rules: Rules) -> dict[str, Offer]:
    judge = _Judge(facts, goods, rules)
    made = judge.faulty() if facts.reason in FAULT_REASONS else judge.free()
    return {offer.remedy: offer for offer in (*made, judge.credit())}


@dataclass(frozen=True)
class _Judge:
    facts: Facts
    goods: Goods
    rules: Rules

    def free(self) -> tuple[Offer, ...]:
        """Without a fault: 7 days online (STD-01), 15 by bank card (SL-18), else the store's own promise."""
        repair = self._no("repair", "STD-04", "no_fault")
        barred = self._barred("return")
        if barred is not None:
            return barred, self._barred("exchange") or barred, repair
        return self._free_return(), self._free_exchange(), repair

    def faulty(self) -> tuple[Offer, ...]:
        """With a fault: the Three Guarantees (STD-05), or the Consumer Law where they are silent (STD-04)."""
        row = self.rules.guarantee(self.goods.category)
        if row is None:
            return self._plain_fault()
        return self._fault_return(row), self._fault_exchange(row), self._fault_repair(row)

    def credit(self) -> Offer:
        """Store credit is the store's own gesture for goods that can be sold again."""
        barred = self._barred("store_credit")
        if barred is not None:
            return barred
        until = self.facts.sold_on + timedelta(days=self.rules.credit_days)
        return self._window("store_credit", "shop", "credit", until, days=self.rules.credit_days)

    # --- without a fault ----------------------------------------------------------------------

    def _barred(self, remedy: str) -> Offer | None:
        if self.goods.excluded in self.rules.excluded and self.goods.excluded:
            values = {"goods": self.goods.name, "excluded": self.goods.excluded}
            return self._no(remedy, "STD-01", "excluded", **values)
        if self.facts.condition == "used":
            return self._no(remedy, "STD-01", "used", goods=self.goods.name)
        return None

    def _free_return(self) -> Offer:
        facts, rules = self.facts, self.rules
        windows = [("shop", "store", facts.sold_on, rules.store_days)]
        if facts.channel == "online":
            if facts.received_on is None:
                return Offer(
                    remedy="return",
                    allowed=True,
                    rule="STD-01",
                    words="on_its_way",
                    freight=CUSTOMER,
                )
            windows = [("STD-01", "online", facts.received_on, rules.online_days)]
        if "bank" in facts.tenders:
            windows.append(("SL-18", "bank", facts.sold_on, rules.bank_days))
        rule, words, start, days = max(windows, key=lambda each: each[2] + timedelta(days=each[3]))
        until = start + timedelta(days=days)
        return self._window("return", rule, words, until, days=days, start=start)

    def _free_exchange(self) -> Offer:
        best = self._free_return()
        until = self.facts.sold_on + timedelta(days=self.rules.exchange_days)
        if best.allowed and (best.until is None or best.until >= until):
            words = "exchange" if best.words in {"store", "bank"} else best.words
            return Offer(**{**asdict(best), "remedy": "exchange", "words": words})
        return self._window("exchange", "shop", "exchange", until, days=self.rules.exchange_days)

    # --- with a fault -------------------------------------------------------------------------

    def _fault_return(self, row: Guarantee) -> Offer:
        if self._lasting_fault(row):
            return self._held("return", "two_repairs", row)
        return self._fault_window("return", "fault_return", row.return_days)

    def _fault_exchange(self, row: Guarantee) -> Offer:
        facts = self.facts
        if self._lasting_fault(row):
            return self._held("exchange", "two_repairs", row)
        if self._in_guarantee(row) and facts.repair_days > row.repair_limit_days:
            return self._held("exchange", "slow_repair", row)
        if self._in_guarantee(row) and facts.parts_days > PARTS_DAYS:
            return self._held("exchange", "no_parts", row)
        return self._fault_window("exchange", "fault_exchange", row.exchange_days)

    def _fault_repair(self, row: Guarantee) -> Offer:
        return self._fault_window("repair", "fault_repair", row.guarantee_days)

    def _fault_window(self, remedy: str, words: str, days: int) -> Offer:
        """The law's days; a bank card's fifteen count for faulty goods no less than for sound ones (SL-18)."""
        rule, until = "STD-05", self.facts.sold_on + timedelta(days=days)
        if remedy == "return" and "bank" in self.facts.tenders and days < self.rules.bank_days:
            rule, words, days = "SL-18", "bank", self.rules.bank_days
            until = self.facts.sold_on + timedelta(days=days)
        start = self.facts.sold_on
        return self._window(remedy, rule, words, until, days=days, start=start, freight=STORE)

    def _plain_fault(self) -> tuple[Offer, ...]:
        facts, rules = self.facts, self.rules
        found = []
        for remedy, days in (
            ("return", rules.fault_days),
            ("exchange", rules.plain_guarantee_days),
            ("repair", rules.plain_guarantee_days),
        ):
            rule, words, last = "STD-04", f"plain_{remedy}", days
            if remedy == "return" and "bank" in facts.tenders and days < rules.bank_days:
                rule, words, last = "SL-18", "bank", rules.bank_days
            until = facts.sold_on + timedelta(days=last)
            found.append(
                self._window(
                    remedy, rule, words, until, days=last, start=facts.sold_on, freight=STORE
                )
            )
        return tuple(found)

    def _in_guarantee(self, row: Guarantee) -> bool:
        return self._day() <= row.guarantee_days

    def _lasting_fault(self, row: Guarantee) -> bool:
        return self._in_guarantee(row) and self.facts.failed_repairs >= REPAIRS

    def _held(self, remedy: str, words: str, row: Guarantee) -> Offer:
        until = self.facts.sold_on + timedelta(days=row.guarantee_days)
        return self._window(remedy, "STD-05", words, until, days=row.guarantee_days, freight=STORE)

    # --- words --------------------------------------------------------------------------------

    def _day(self) -> int:
        """Day 1 is the day after the purchase (STD-02)."""
        return (self.facts.asked_on - self.facts.sold_on).days

    def _window(
        self,
        remedy: str,
        rule: str,
        words: str,
        until: date,
        *,
        days: int,
        start: date | None = None,
        freight: str = CUSTOMER,
    ) -> Offer:
        """Open until the end of `until`."""
        begun = start or self.facts.sold_on
        values = {"days": days, "until": until, "day": (self.facts.asked_on - begun).days}
        if self.facts.asked_on <= until:
            return Offer(
                remedy=remedy, allowed=True, rule=rule, words=words, values=values, until=until,
                freight=freight,
            )  # fmt: skip
        return self._no(remedy, rule, f"{words}_late", **values)

    def _no(self, remedy: str, rule: str, words: str, **values: Any) -> Offer:
        return Offer(remedy=remedy, allowed=False, rule=rule, words=words, values=values)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value.isoformat() if isinstance(value, date) else value
