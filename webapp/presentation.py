"""How this business reads and writes figures and days; the company and the day of the request at hand."""

import functools
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import cast
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from flask import Flask, g
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from webapp import money, quantity
from webapp.db import utcnow
from webapp.domain.errors import NotFound
from webapp.models import Company
from webapp.models.company import ANYBODYS_ENGLISH

MINUS = "\u2212"


def company() -> Company:
    """The company, read once for each request."""
    if "company" not in g:
        found = Company.current()
        if found is None:
            raise NotFound
        g.company = found
    return cast(Company, g.company)


def today() -> date:
    """The business day: the calendar day in the company's time zone."""
    if "today" not in g:
        g.today = company().day_of(utcnow())
    return cast(date, g.today)


@functools.cache
def signs(locale: str) -> tuple[str, str]:
    """The grouping sign and the decimal point of a locale."""
    parsed = Locale.parse(locale)
    return numbers.get_group_symbol(parsed), numbers.get_decimal_symbol(parsed)


def point() -> str:
    """The decimal sign of the company's locale."""
    return signs(company().locale)[1]


def money_text(minor: int | None) -> str:
    """Minor units for reading, without the currency's sign; a true minus sign in front of what is negative."""
    if minor is None:
        return ""
    group, decimal = signs(company().locale)
    return money.format_money(minor, company().decimals, group=group, point=decimal).replace("-", MINUS)


@functools.cache
def currency_sign(currency: str, locale: str) -> str:
    """The sign people know the currency by: $, €, ¥."""
    return numbers.get_currency_symbol(currency, locale)


@functools.cache
def around_money(currency: str, locale: str) -> tuple[str, str]:
    """What stands before an amount and behind it: the sign, on the side where people of that locale put it."""
    sign, space = currency_sign(currency, locale), "\u00a0"
    before, _, behind = Locale.parse(locale).currency_formats["standard"].pattern.partition("#")
    if "¤" in before:
        return sign + (space if sign[-1:].isalpha() or "\u00a0" in before else ""), ""
    return "", (space if "\u00a0" in behind else "") + sign


def without_currency(text: str) -> str:
    """An amount as it was typed, without the currency's sign or code before or behind it."""
    text = text.strip()
    for word in (company().currency, currency_sign(company().currency, company().locale)):
        text = text.removeprefix(word).removesuffix(word).strip()
    return text


def money_sign_text(minor: int | None) -> str:
    """Minor units with the currency's sign."""
    if minor is None:
        return ""
    before, behind = around_money(company().currency, company().locale)
    return (MINUS if minor < 0 else "") + before + money_text(abs(minor)) + behind


def money_input(minor: int | None) -> str:
    """Minor units as a person would type them."""
    return "" if minor is None else money.format_money(minor, company().decimals, group="", point=point())


def rate_text(rate_e4: int | None) -> str:
    """A rate with at least the currency's decimals."""
    if rate_e4 is None:
        return ""
    group, decimal = signs(company().locale)
    return money.format_rate(rate_e4, company().decimals, group=group, point=decimal)


def quantity_text(milli: int | None, unit: str = "") -> str:
    """A quantity; hours always with one decimal, as a flight log has them."""
    if milli is None:
        return ""
    least = 1 if unit.casefold() in {"h", "hour", "hours", "hr"} else 0
    return quantity.format_quantity(milli, least=least, point=point())


def percent_text(percent_e4: int | None) -> str:
    """A percentage without its sign: 80_000 is 8."""
    return "" if percent_e4 is None else money.plain(percent_e4, 4, point=point())


def day_text(day: date | str | None) -> str:
    """A day as the company's locale writes it, such as 22 Nov 2026; ISO text is taken too."""
    if not day:
        return ""
    return company().day(date.fromisoformat(day) if isinstance(day, str) else day)


def long_day_text(day: date) -> str:
    """A day with its weekday: Sunday, 22 November 2026."""
    locale = company().locale
    return dates.format_date(day, "EEEE, d MMMM y" if locale == ANYBODYS_ENGLISH else "full", locale)


def moment_text(moment: datetime | None) -> str:
    """A moment by the company's clock: 22 Nov 2026, 14:05."""
    if moment is None:
        return ""
    local = moment.astimezone(ZoneInfo(company().timezone))
    return f"{day_text(local.date())}, {dates.format_time(local, 'short', locale=company().locale)}"


def lately_text(moment: datetime) -> str:
    """A moment as short as it can be said: today's by its time, yesterday's with the word, others by their day."""
    local = moment.astimezone(ZoneInfo(company().timezone))
    at = dates.format_time(local, "short", locale=company().locale)
    days = (today() - local.date()).days
    return at if days == 0 else f"yesterday {at}" if days == 1 else day_text(local.date())


def month_text(day: date) -> str:
    """The month of a day, short: Nov."""
    return dates.format_date(day, "MMM", locale=company().locale)


def short_day_text(day: date) -> str:
    """A day near enough to need no year: 26 Nov."""
    locale = company().locale
    if locale == ANYBODYS_ENGLISH:
        return dates.format_date(day, "d MMM", locale=locale)
    return str(dates.format_skeleton("MMMd", day, locale=locale))


def compact_text(minor: int) -> str:
    """Minor units at a glance, as on the axis of a chart: 20K."""
    return numbers.format_compact_decimal(Decimal(minor).scaleb(-company().decimals), locale=company().locale)


def change_text(minor: int) -> str:
    """Minor units with what they went, up or down."""
    sign = "+" if minor > 0 else MINUS if minor else ""
    return f"{sign} {money_text(abs(minor))}".strip()


def unit_text(unit: str) -> str:
    """A unit as it stands behind a figure: hours are h, single things nothing."""
    return {"hour": "h", "hours": "h", "each": ""}.get(unit, unit)


def so_much_text(milli: int, name: str, unit: str) -> str:
    """So much of an item in words: 1 lesson, 1.5 h C172, 2 × Lesson."""
    short = unit_text(unit)
    if 0 < len(short) < 4:
        return f"{quantity_text(milli, unit)} {short} {name}"
    return f"1 {unit}" if milli == 1000 and short else f"{quantity_text(milli, unit)} × {name}"


@functools.lru_cache(maxsize=4096)
def _drawn(macro: Callable[..., Markup], _locale: str, facts: tuple[object, ...]) -> Markup:
    return macro(*facts)


def drawn(rows: Iterable[tuple[object, ...]], macro: Callable[..., Markup]) -> Markup:
    """What a macro makes of each row, one after the other, kept for the next row that says the same.

    For macros of long lists that know nothing but their arguments and the language.
    """
    locale = company().locale
    return Markup("").join(_drawn(macro, locale, facts) for facts in rows)


def _asked_each_time(write: Callable[..., str]) -> Callable[..., str]:
    """A filter that Jinja does not work out when it compiles: `0|money` would stay in the currency of that moment."""

    @pass_context
    def run(_: Context, *args: object, **kwargs: object) -> str:
        return write(*args, **kwargs)

    return run


def init_app(app: Flask) -> None:
    """Make the filters and helpers known to every template."""
    by_the_company: dict[str, Callable[..., str]] = {
        "money": money_text,
        "money_sign": money_sign_text,
        "money_input": money_input,
        "rate": rate_text,
        "quantity": quantity_text,
        "percent": percent_text,
        "day": day_text,
        "long_day": long_day_text,
        "moment": moment_text,
        "lately": lately_text,
        "month": month_text,
        "short_day": short_day_text,
        "compact": compact_text,
        "change": change_text,
    }
    app.jinja_env.filters.update({name: _asked_each_time(write) for name, write in by_the_company.items()})
    app.jinja_env.filters.update(unit=unit_text, drawn=drawn)
    app.jinja_env.globals.update(company=company, today=today)
