"""The sample business: a flight school, a studio and a music teacher under one roof, and a year of their life.

Everything goes through the verbs that the screens use, day by day; the same day always gives the same year. Rates,
packages and prices are real published ones, the rest is made up (webapp/sample/README.md).
"""

from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from webapp.db import filling, stamped, transactional
from webapp.domain.demo import catalogue, everyday, exhibits, people
from webapp.domain.demo.shop import Shop
from webapp.models import Company, User

SEED = 1997
LONGEST_PAST = 370
"""Days: a year, and a few to get ready."""


@transactional
def fill(*, owner: User, on: date) -> None:
    """Fill a business that was just set up. Its past ends on the day before `on`."""
    with filling():
        _fill(owner, on)


def _fill(owner: User, on: date) -> None:
    rng = Random(SEED)  # noqa: S311  # a story, not a secret
    zone = ZoneInfo(Company.get_by_id(1).timezone)
    with stamped(datetime.combine(on - timedelta(LONGEST_PAST), time(8), zone)):
        offer = catalogue.make(owner=owner, on=on)
        everybody = people.make(rng, owner=owner)
    shop = Shop(offer, owner, rng, on)
    customers = iter(everybody.customers)
    for story in exhibits.stories(shop, customers, everybody.groups):
        shop.tell(story)
    for story in everyday.stories(shop, customers, everybody.cash_only):
        shop.tell(story)
    shop.live()
