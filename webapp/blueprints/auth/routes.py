import logging
import time

from flask import Blueprint, Response, current_app, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from webapp import access
from webapp.access import actor, public, safe_next, signed_in, this_session
from webapp.blueprints.auth.devices import device
from webapp.blueprints.auth.forms import NameForm, PasswordForm, SignInForm
from webapp.domain import passwords, sign_ins, staff
from webapp.domain.errors import DomainError, NotFound
from webapp.domain.sign_ins import TooManyTries
from webapp.hypermedia import done, render
from webapp.models import SignInSession, User
from webapp.presentation import company

blueprint = Blueprint("auth", __name__)
log = logging.getLogger(__name__)

WRONG = "Email or password is wrong, or this person may no longer sign in."


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> AnyResponse:
    """The way in, and on to where the person wanted to go."""
    target = safe_next(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target, 303)
    form, wait = SignInForm(), 0
    if form.validate_on_submit():
        try:
            user = _authenticate(form.email.text, form.password.text)
            if user:
                access.sign_in(user)
                log.info("user %s signed in", user.id)
                return redirect(target, 303)
            form.refuse(DomainError(WRONG))
        except TooManyTries as refusal:
            form.refuse(refusal)
            wait = refusal.seconds
    response = render("auth/sign_in.html", 429 if wait else 422 if form.errors else 200, form=form)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response


def _authenticate(email: str, password: str) -> User | None:
    address = request.remote_addr or "unknown"
    method = current_app.config["PASSWORD_METHOD"]
    user = sign_ins.authenticate(email, password, address=address, at=int(time.time()), method=method)
    if user is None:
        log.warning("a sign-in failed, from %s", address)
    return user


@blueprint.post("/sign-out")
@signed_in
def sign_out() -> AnyResponse:
    """End this session; on a shared computer nothing stays behind."""
    access.sign_out()
    response = redirect(url_for(".sign_in"), 303)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@blueprint.get("/profile")
@signed_in
def profile() -> Response:
    """Who I am here, what I may do, and where I am signed in."""
    mine = [(session, device(session.agent)) for session in staff.sessions(actor())]
    return render(
        "auth/profile.html", region="auth/_sign_ins.html", user=actor(), sessions=mine, here=this_session(), mark=_mark
    )


@blueprint.route("/profile/name", methods=["GET", "POST"])
@signed_in
def name() -> Response:
    """Change my name."""
    form = NameForm(obj=actor())
    if form.validate_on_submit():
        try:
            staff.rename_self(actor(), form.name.text)
            return done(to=url_for(".profile"), message="Your name was changed.", stay=False)
        except DomainError as error:
            form.refuse(error)
    return render("auth/name.html", 422 if form.errors else 200, form=form)


@blueprint.route("/profile/password", methods=["GET", "POST"])
@signed_in
def password() -> Response:
    """Change my password; every other browser is signed out, and this one gets a new session."""
    form = PasswordForm()
    if form.validate_on_submit():
        try:
            user = actor()
            if not _authenticate(user.email, form.current.text):
                raise DomainError("That is not your password.", "current")
            passwords.check(form.password.text, about=(user.name, user.email, company().name))
            kept = passwords.hashed(form.password.text, current_app.config["PASSWORD_METHOD"])
            access.sign_in(staff.set_password(user, kept, by=user))
            return done(
                to=url_for(".profile"), message="Your password was changed. Other browsers are signed out.", stay=False
            )
        except DomainError as error:
            form.refuse(error)
    return render("auth/password.html", 422 if form.errors else 200, form=form)


@blueprint.post("/profile/sign-ins/<mark>/end")
@signed_in
def end_sign_in(mark: str) -> Response:
    """Sign me out of one browser."""
    found = [session for session in staff.sessions(actor()) if _mark(session) == mark]
    if not found:
        raise NotFound
    staff.end_session(actor(), found[0].token_hash)
    return done("sign-ins-changed", to=url_for(".profile"), message="That browser is signed out.")


@blueprint.post("/profile/sign-ins/end")
@signed_in
def end_other_sign_ins() -> Response:
    """Sign me out of every browser but this one."""
    staff.end_sessions(actor(), but=this_session())
    return done("sign-ins-changed", to=url_for(".profile"), message="All other browsers are signed out.")


def _mark(session: SignInSession) -> str:
    """Enough of a session's hash to tell one's own apart."""
    return str(session.token_hash)[:16]
