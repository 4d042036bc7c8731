"""From the set-up page of an empty database to a customer who can be sold a package, all of it made on the screens."""

import re

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser.journeys.steps import Look, OpenPage, assert_fits, choose, dialog, heading, provoked
from webapp.models import Company, Customer, Package, PackageItem, User
from webapp.permissions import Permission

PASSWORD = "three green herons"


@pytest.fixture
def app(empty_app: Flask) -> Flask:
    """The application before anybody set it up."""
    empty_app.extensions.pop("carnet.set_up", None)
    return empty_app


def test_a_business_begins(open_page: OpenPage, look: Look, said: list[str]) -> None:
    page = open_page()
    page.goto("/")
    set_up(page, look)
    make_item(page, look)
    make_package(page, look)
    make_customer(page, look)
    page.goto("/setup")
    expect(heading(page)).to_have_text("Not found")
    provoked(said, "404")


def set_up(page: Page, look: Look) -> None:
    expect(heading(page)).to_have_text("Set up your business")
    look(page)
    page.get_by_label("Company name").fill("Blue Heron")
    page.get_by_label("Currency").select_option("USD")
    page.get_by_label("Time zone").select_option("America/New_York")
    page.get_by_label("Your name").fill("Dana Reyes")
    page.get_by_label("Email").fill("dana@blueheron.test")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Set up").click()
    expect(page.locator("form")).to_contain_text("12 characters")
    expect(page.get_by_label("Company name")).to_have_value("Blue Heron")
    look(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("radio", name="An empty business").check()
    page.get_by_role("button", name="Set up").click()
    expect(heading(page)).to_have_text("Home")
    expect(page.locator("main")).to_contain_text("First steps")
    look(page)
    company, owner = Company.get(), User.get()
    assert (company.name, company.currency, company.timezone) == ("Blue Heron", "USD", "America/New_York")
    assert (owner.name, owner.role.name) == ("Dana Reyes", "Owner")


def make_item(page: Page, look: Look) -> None:
    page.get_by_role("link", name="Catalogue").first.click()
    expect(page.locator("main")).to_contain_text("No items yet")
    look(page)
    page.get_by_role("link", name="New item").first.click()
    window = dialog(page)
    assert_fits(page)
    window.get_by_label("Name").fill("Piano lesson")
    window.get_by_label("Unit").fill("lesson")
    window.get_by_label("Standard rate").fill("50")
    window.get_by_role("button", name="Save").click()
    expect(window).to_be_hidden()
    expect(page.locator("#items-table tbody tr")).to_contain_text("50.00")
    assert_fits(page)


def make_package(page: Page, look: Look) -> None:
    page.get_by_role("navigation", name="Catalogue").get_by_role("link", name="Packages").click()
    page.get_by_role("link", name="New package").first.click()
    expect(heading(page)).to_have_text("New package")
    assert_fits(page)
    page.get_by_label("Name").fill("Ten lessons")
    choose(page, "Item", "pia", "Piano lesson")
    page.get_by_label("Included").fill("10")
    page.get_by_label("Package rate").fill("45")
    expect(page.locator("#package-price")).to_contain_text("saves 50.00")
    look(page)
    page.get_by_role("button", name="Save").click()
    expect(heading(page)).to_contain_text("Ten lessons")
    expect(page.locator("main")).to_contain_text("$450.00")
    assert_fits(page)
    terms = PackageItem.get()
    assert (terms.package.name, terms.item.name) == ("Ten lessons", "Piano lesson")
    assert (terms.included_milli, terms.amount_minor) == (10_000, 450_00)


def make_customer(page: Page, look: Look) -> None:
    page.get_by_role("link", name="Customers").first.click()
    expect(page.locator("main")).to_contain_text("No customers yet")
    look(page)
    page.get_by_role("link", name="New customer").first.click()
    window = dialog(page)
    assert_fits(page)
    window.get_by_label("Name").fill("Łukasz Woźniak")
    window.get_by_label("Email").fill("lukasz@example.com")
    window.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile(r"/customers/\d+$"))
    expect(heading(page)).to_contain_text("Łukasz Woźniak")
    expect(page.locator("#customer-account")).to_contain_text("$0.00")
    assert_fits(page)
    assert Customer.get().may(Permission.MAKE_PURCHASES_ON_ACCOUNT)
    assert Package.get().active
