"""What no browser sends, but somebody may: answered in plain words, with nothing done."""

import pytest

from tests import factories as make
from tests.clients import Client
from tests.web.billing import MODAL, customer, filled
from webapp.models import Company, Customer, FormKey, Group, Invoice, Journal, User

BROKEN_ADDRESSES = ["http://[", "//[::1", "http://a/%ff", "\x01", "//"]
BOUNDARY = "multipart/form-data; boundary=x"
BLANK = [" ", "\u00a0", "\t", "\0"]


# Addresses and headers


@pytest.mark.parametrize("address", BROKEN_ADDRESSES)
def test_a_page_that_htmx_cannot_stand_on_is_as_if_it_named_none(visitor: Client, owner: Client, address: str) -> None:
    headers = {"HX-Current-URL": address}
    sent_in = visitor.get("/customers", htmx=MODAL, headers=headers)
    assert (sent_in.status_code, sent_in.headers["HX-Redirect"].partition("?")[0]) == (401, "/sign-in")
    form = filled(owner.get("/groups/new"), "/groups/new") | {"name": "Swimmers"}
    assert owner.post("/groups/new", data=form, htmx=MODAL, headers=headers).status_code == 200
    assert Group.select().count() == 1
    assert owner.post("/shortcuts", data={"shortcuts": "off"}, htmx=MODAL, headers=headers).status_code == 200


def test_ids_are_written_one_way(owner: Client) -> None:
    emma = customer()
    assert owner.get(f"/customers/{emma.id}").status_code == 200
    other_digits = str(emma.id).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert owner.get(f"/customers/{other_digits}").status_code == 404


@pytest.mark.parametrize("path", ["/static/nothing.css", "/static/vendor/nothing.js", "/static/nothing.css?v=1"])
def test_that_there_is_no_such_file_is_not_kept(visitor: Client, path: str) -> None:
    """A browser may keep a 404 for ever when nobody says otherwise, also after the file is there."""
    assert visitor.get(path).headers["Cache-Control"] == "no-store"


def test_asking_for_the_head_of_a_draft_keeps_nothing(owner: Client, cast: dict[str, User]) -> None:
    """A HEAD is let through without a token, as a GET is."""
    draft = make.draft(customer(), (make.item("Fuel", "12.35"), "2"), by=cast["owner"])
    assert owner.head(f"/billing/invoices/{draft.id}/edit").status_code == 200
    assert Invoice.get_by_id(draft.id).shown_digest == ""


# Bodies


@pytest.mark.parametrize(
    "body, kind",
    [
        (b'{"name": 1, "role": {}, "active": [1]}', "application/json"),
        (b'{"name": "Emma", "role": "5"}', "application/json"),
        (b"[1, 2]", "application/json"),
        (b"{", "application/json"),
        (b"<name>Emma</name>", "text/xml"),
        (b'--x\r\nContent-Disposition: form-data; name="name"; filename="a"\r\n\r\nEmma\r\n--x--\r\n', BOUNDARY),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\nEmma\r\n--x--\r\n", BOUNDARY),
        (b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nEmma', BOUNDARY),
        (b"name=Emma", "multipart/form-data"),
        (bytes(range(256)), "application/x-www-form-urlencoded"),
        (b"&".join(b"f%d=1" % n for n in range(10_000)), "application/x-www-form-urlencoded"),
        (b"name=" + b"a" * 1_000_000, "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_no_form_of_ours_saves_nothing(owner: Client, body: bytes, kind: str) -> None:
    answer = owner.post("/customers/new", data=body, content_type=kind)
    assert answer.status_code in (400, 422)
    assert Customer.select().count() == 0


def test_a_nameless_part_is_refused_before_anybody_is_signed_in(visitor: Client) -> None:
    body = b"--x\r\nContent-Disposition: form-data\r\n\r\nEmma\r\n--x--\r\n"
    assert visitor.post("/sign-in", data=body, content_type=BOUNDARY).status_code == 400


@pytest.mark.parametrize("path, name", [("/groups/new", "members"), ("/billing/packages/new", "who")])
def test_more_are_chosen_than_anybody_can(owner: Client, path: str, name: str) -> None:
    """A database takes no statement with that many values."""
    prefix = "customer:" if name == "who" else ""
    answer = owner.post(path, data={"name": "Swimmers", name: [f"{prefix}{n}" for n in range(1, 6002)]})
    assert answer.status_code == 422
    assert "At most 5,000 at once" in answer.text


# Fields


@pytest.mark.parametrize("blank", BLANK)
def test_spaces_are_nothing(owner: Client, blank: str) -> None:
    """What has to be typed is not typed by a space; each refusal names its field and moves nothing."""
    emma = customer()
    url = f"/customers/{emma.id}/deposits/new"
    form = filled(owner.get(url), url)
    answer = owner.post(url, data=form | {"amount": blank})
    assert (answer.status_code, "Type the amount" in answer.text) == (422, True)
    answer = owner.post(url, data=form | {"amount": "1", "received_on": blank})
    assert (answer.status_code, "day" in answer.text) == (422, True)
    url = f"/customers/{emma.id}/adjustments/new"
    answer = owner.post(url, data=filled(owner.get(url), url) | {"amount": "1", "reason": blank})
    assert (answer.status_code, "Say why it is corrected." in answer.text) == (422, True)
    assert Journal.select().count() == 0


def test_the_business_without_a_credit_limit_or_days_to_pay_is_refused(
    owner: Client, subtests: pytest.Subtests
) -> None:
    for blank in BLANK:
        with subtests.test(blank=blank):
            form, before = filled(owner.get("/settings/company"), "/settings/company"), Company.get_by_id(1).__data__
            for name in ("credit_limit_minor", "due_days"):
                assert owner.post("/settings/company", data=form | {name: blank}).status_code == 422
            assert Company.get_by_id(1).__data__ == before


@pytest.mark.parametrize("key", ["\0" * 20, "null\0byte in a key", "short", "x" * 65, "é" * 20])
def test_a_form_key_that_was_never_given_out_is_refused(owner: Client, key: str) -> None:
    emma = customer()
    url = f"/customers/{emma.id}/deposits/new"
    form = filled(owner.get(url), url) | {"amount": "1", "form_key": key}
    answer = owner.post(url, data=form)
    assert answer.status_code == 422
    assert (Journal.select().count(), FormKey.select().count()) == (0, 0)
