"""What is asked about the business itself, at the set-up and later in Settings: currency, time zone, language, tax."""

import functools
import zoneinfo
from datetime import datetime

from babel import Locale, localtime, numbers
from babel.core import get_global
from flask import request
from wtforms import RadioField, SelectField
from wtforms.validators import ValidationError

from webapp.db import utcnow
from webapp.domain.company import Currency
from webapp.domain.search import fold
from webapp.forms import LineField, required

# fmt: off
WITHOUT_DECIMALS = {
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
}
WITH_THREE = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
"""Currencies of ISO 4217 that have not two decimals. (Babel tells which are in use, which is not the same.)"""

LANGUAGES = [
    "en_US", "en_GB", "en_CA", "en_AU", "en_NZ", "en_IE", "en_ZA", "en_IN", "en_SG", "bs_BA", "ca_ES", "cs_CZ",
    "da_DK", "de_DE", "de_AT", "de_CH", "el_GR", "es_ES", "es_MX", "es_AR", "es_CO", "es_CL", "et_EE", "eu_ES",
    "fi_FI", "fil_PH", "fr_FR", "fr_BE", "fr_CA", "fr_CH", "ga_IE", "gl_ES", "he_IL", "hi_IN", "hr_HR", "hu_HU",
    "id_ID", "is_IS", "it_IT", "it_CH", "ja_JP", "ko_KR", "lt_LT", "lv_LV", "ms_MY", "mt_MT", "nb_NO", "nl_NL",
    "nl_BE", "pl_PL", "pt_PT", "pt_BR", "ro_RO", "ru_RU", "sk_SK", "sl_SI", "sq_AL", "sr_RS", "sv_SE", "sw_KE",
    "th_TH", "tr_TR", "uk_UA", "vi_VN", "zh_CN", "zh_TW",
]
# fmt: on

TAX_STYLES = {"without": "Prices without tax", "included": "Prices include tax"}


def is_elsewhere(zone: str) -> bool:
    """Old and technical names for time zones, which nobody looks for."""
    return "/" not in zone or zone.startswith(("Etc/", "US/", "Canada/", "posix/", "right/", "SystemV/"))


@functools.cache
def zones() -> tuple[str, ...]:
    """Every time zone that may be chosen."""
    return ("UTC", *sorted(zone for zone in zoneinfo.available_timezones() if not is_elsewhere(zone)))


def zone_choices() -> list[tuple[str, str]]:
    """The time zones by the cities that people look for, so that a city can be typed in the list: New York · America,
    UTC−05:00."""
    return list(_zone_choices(utcnow().replace(minute=0, second=0, microsecond=0)))


@functools.lru_cache(maxsize=1)
def _zone_choices(hour: datetime) -> list[tuple[str, str]]:
    """At that hour: five hundred clocks take as long as the rest of the page."""
    return sorted(((zone, f"{_city(zone)}, {_offset(zone, hour)}") for zone in zones()), key=lambda it: fold(it[1]))


def _city(zone: str) -> str:
    region, _, city = zone.replace("_", " ").rpartition("/")
    return f"{city} · {region}" if region else city


def _offset(zone: str, now: datetime) -> str:
    text = now.astimezone(zoneinfo.ZoneInfo(zone)).strftime("%z")
    return f"UTC{text[:1].replace('-', '−')}{text[1:3]}:{text[3:5]}"


@functools.cache
def currencies() -> dict[str, Currency]:
    """The currencies that are money somewhere today."""
    used = {
        code
        for of_territory in get_global("territory_currencies").values()
        for code, _, until, is_tender in of_territory
        if until is None and is_tender
    }
    return {code: Currency(code, _decimals(code)) for code in sorted(used)}


def _decimals(code: str) -> int:
    return 0 if code in WITHOUT_DECIMALS else 3 if code in WITH_THREE else 2


@functools.cache
def currency_choices() -> dict[str, str]:
    """Each with its name: USD · US Dollar."""
    return {code: f"{code} · {numbers.get_currency_name(code, locale='en')}" for code in currencies()}


@functools.cache
def language_choices() -> dict[str, str]:
    """Each in English, with how it writes an amount."""
    return dict(sorted(((code, language(code)) for code in LANGUAGES), key=lambda choice: choice[1]))


def language(code: str) -> str:
    """English (United States) · 1,234.50"""
    locale = Locale.parse(code)
    group, point = numbers.get_group_symbol(locale), numbers.get_decimal_symbol(locale)
    return f"{locale.get_display_name('en')} · 1{group}234{point}50"


def asked_language() -> str:
    """The language that the browser asks for, as far as it is known here."""
    wanted = request.accept_languages.best_match([code.replace("_", "-") for code in LANGUAGES], default="en-US")
    return wanted.replace("-", "_")


def currency_of(language: str) -> str:
    """What people pay with where the language is spoken."""
    return numbers.get_territory_currencies(language.rpartition("_")[2])[0]


def zone_of_this_computer() -> str:
    """The time zone that the server is set to, which is often that of the business; nothing where it keeps UTC."""
    zone = getattr(localtime.LOCALTZ, "key", "")
    return zone if zone in zones()[1:] else ""


def known_zone(_: object, field: LineField) -> None:
    """A validator: one of the list, or the city of one, which the field then holds by its name."""
    found = _zones_by_words().get(_as_words(field.text))
    if found is None:
        raise ValidationError("Choose a time zone from the list.")
    field.data = found


@functools.cache
def _zones_by_words() -> dict[str, str]:
    """What people type for a time zone: its name, or its city, unless cities that keep another time are called so."""
    found: dict[str, str] = {}
    for zone in sorted(zones(), key=len, reverse=True):
        found[_as_words(zone.rpartition("/")[2])] = found[_as_words(zone)] = zone
    del found["west"]  # of Australia or of Brazil
    return found


def _as_words(text: str) -> str:
    return fold(text.replace("_", " "))


class BusinessFields:
    """Fields for a form that asks about the business."""

    company_name = LineField("Company name", [required("Type the name of the business.")])
    currency = SelectField("Currency", choices=currency_choices)
    timezone = LineField("Time zone", [required("Choose the time zone."), known_zone])
    locale = SelectField("Figures and dates", choices=language_choices)
    tax_style = RadioField("Tax", choices=TAX_STYLES, default="without")
