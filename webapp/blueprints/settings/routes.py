from flask import Blueprint, Response, current_app, request, url_for

from webapp import business, presentation
from webapp.access import actor, can, requires
from webapp.blueprints.settings.forms import CompanyForm, MethodForm, PasswordForm, RoleForm, SwitchForm, UserForm
from webapp.domain import company as businesses
from webapp.domain import passwords, payment_methods, roles, staff
from webapp.domain.errors import DomainError, NotFound
from webapp.hypermedia import done, render
from webapp.models import PaymentMethod, Role, User
from webapp.permissions import Permission
from webapp.records import load

blueprint = Blueprint("settings", __name__, url_prefix="/settings")


@blueprint.get("")
@requires(Permission.MANAGE_SETTINGS, Permission.MANAGE_USERS)
def index() -> Response:
    """The first tab that the person may see."""
    return company() if can(Permission.MANAGE_SETTINGS) else users()


@blueprint.route("/company", methods=["GET", "POST"])
@requires(Permission.MANAGE_SETTINGS)
def company() -> Response:
    """The business itself."""
    form = CompanyForm(presentation.company(), fixed=businesses.is_fixed())
    if form.validate_on_submit():
        try:
            businesses.edit_company(form.profile(), version=form.seen, by=actor())
            return done(to=url_for(".company"), message="The company was saved.")
        except DomainError as error:
            form.refuse(error)
    return render("settings/company.html", 422 if form.errors else 200, form=form, zones=business.zone_choices())


@blueprint.get("/payment-methods")
@requires(Permission.MANAGE_SETTINGS)
def methods() -> Response:
    """The ways to pay, in the order in which Pay offers them."""
    listed = payment_methods.methods()
    return render("settings/methods.html", region="settings/_methods.html", methods=listed, kinds=payment_methods.KINDS)


@blueprint.route("/payment-methods/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_SETTINGS)
def new_method() -> Response:
    """A new way to pay."""
    form = MethodForm()
    if form.validate_on_submit():
        try:
            method = payment_methods.add_method(name=form.name.text, kind=form.kind.data, by=actor())
            message = f"{method.name} is offered in Pay now."
            return done("payment-methods-changed", to=url_for(".methods"), message=message)
        except DomainError as error:
            form.refuse(error)
    return render("settings/method.html", 422 if form.errors else 200, form=form, method=None)


@blueprint.get("/payment-methods/<int:method_id>/actions")
@requires(Permission.MANAGE_SETTINGS)
def method_actions(method_id: int) -> Response:
    """What can be done with one way to pay."""
    method, listed = load(PaymentMethod, method_id), payment_methods.methods()
    ends = listed[0].id == method_id, listed[-1].id == method_id
    return render("settings/method_actions.html", method=method, is_first=ends[0], is_last=ends[1])


@blueprint.route("/payment-methods/<int:method_id>/edit", methods=["GET", "POST"])
@requires(Permission.MANAGE_SETTINGS)
def edit_method(method_id: int) -> Response:
    """Give a way to pay another name."""
    method = load(PaymentMethod, method_id)
    form = MethodForm(method)
    if form.validate_on_submit():
        try:
            payment_methods.rename_method(method, name=form.name.text, version=form.seen, by=actor())
            message = f"{form.name.text} was saved."
            return done("payment-methods-changed", to=url_for(".methods"), message=message)
        except DomainError as error:
            form.refuse(error)
    return render("settings/method.html", 422 if form.errors else 200, form=form, method=method)


@blueprint.route("/payment-methods/<int:method_id>/switch", methods=["GET", "POST"])
@requires(Permission.MANAGE_SETTINGS)
def switch_method(method_id: int) -> Response:
    """Offer a way to pay, or no longer; says what that means first."""
    method = load(PaymentMethod, method_id)
    form = SwitchForm(data={"on": "0" if method.active else "1"})
    if form.validate_on_submit():
        payment_methods.switch_method(method, form.wants_on, by=actor())
        message = f"{method.name} is switched {'on' if form.wants_on else 'off'}."
        return done("payment-methods-changed", to=url_for(".methods"), message=message)
    depends = payment_methods.dependence() if method.is_account else None
    return render("settings/method_switch.html", 422 if form.errors else 200, form=form, method=method, depends=depends)


@blueprint.post("/payment-methods/<int:method_id>/position")
@requires(Permission.MANAGE_SETTINGS)
def move_method(method_id: int) -> Response:
    """Move a way to pay up or down in the list."""
    method = load(PaymentMethod, method_id)
    payment_methods.move_method(method, -1 if request.args.get("to") == "up" else 1, by=actor())
    return done("payment-methods-changed", to=url_for(".methods"))


@blueprint.get("/users")
@requires(Permission.MANAGE_USERS)
def users() -> Response:
    """Who works here."""
    return render("settings/users.html", region="settings/_users.html", users=staff.listed())


@blueprint.route("/users/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def new_user() -> Response:
    """Somebody new."""
    form = UserForm(None, roles=roles.of_side("staff"), by=actor())
    if form.validate_on_submit():
        try:
            user = staff.create_user(
                email=form.email.text,
                name=form.name.text,
                role=form.chosen_role,
                password_hash=_hashed(form.password.text, form.name.text, form.email.text),
                by=actor(),
            )
            return done("users-changed", to=url_for(".users"), message=f"{user.name} can sign in now.")
        except DomainError as error:
            form.refuse(error)
    return render("settings/user.html", 422 if form.errors else 200, form=form, user=None)


@blueprint.get("/users/<int:user_id>/actions")
@requires(Permission.MANAGE_USERS)
def user_actions(user_id: int) -> Response:
    """What can be done with one user."""
    user = load(User, user_id)
    return render("settings/user_actions.html", user=user, is_above=bool(staff.lacks(actor(), user.role)))


@blueprint.route("/users/<int:user_id>/edit", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def edit_user(user_id: int) -> Response:
    """Change who a user is and what they may do."""
    user = load(User, user_id)
    form = UserForm(user, roles=roles.of_side("staff"), by=actor())
    if form.validate_on_submit():
        try:
            facts = {"email": form.email.text, "name": form.name.text}
            staff.edit_user(user, **facts, role=form.chosen_role, version=form.seen, by=actor())
            return done("users-changed", to=url_for(".users"), message=f"{form.name.text} was saved.")
        except DomainError as error:
            form.refuse(error)
    return render("settings/user.html", 422 if form.errors else 200, form=form, user=user)


@blueprint.route("/users/<int:user_id>/password", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def user_password(user_id: int) -> Response:
    """Give a user a new password, for whoever has forgotten theirs. One's own is changed where the old one is asked."""
    user = load(User, user_id)
    if user.id == actor().id:
        return done(to=url_for("auth.password"), stay=False)
    form = PasswordForm()
    if form.validate_on_submit():
        try:
            staff.set_password(user, _hashed(form.password.text, user.name, user.email), by=actor())
            return done("users-changed", to=url_for(".users"), message=f"{user.name} has a new password.")
        except DomainError as error:
            form.refuse(error)
    return render("settings/user_password.html", 422 if form.errors else 200, form=form, user=user)


@blueprint.route("/users/<int:user_id>/activity", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def user_activity(user_id: int) -> Response:
    """Let a user sign in, or no longer."""
    user = load(User, user_id)
    form = SwitchForm(data={"on": "0" if user.active else "1"})
    if form.validate_on_submit():
        try:
            staff.set_active(user, form.wants_on, by=actor())
            message = f"{user.name} can sign in {'again' if form.wants_on else 'no longer'}."
            return done("users-changed", to=url_for(".users"), message=message)
        except DomainError as error:
            form.refuse(error)
    return render("settings/user_activity.html", 422 if form.errors else 200, form=form, user=user)


@blueprint.get("/roles")
@requires(Permission.MANAGE_USERS)
def role_list() -> Response:
    """What each role may do, and how many have it."""
    sides = [(side, roles.of_side(side)) for side in roles.SIDES]
    return render("settings/roles.html", region="settings/_roles.html", sides=sides, count=roles.count_holders)


@blueprint.route("/roles/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def new_role() -> Response:
    """A new role, for staff or for customers."""
    side = request.args.get("side", "staff")
    if side not in roles.SIDES:
        raise NotFound
    form = RoleForm(None, side=side, by=actor())
    if form.validate_on_submit():
        try:
            role = roles.create_role(name=form.name.text, side=side, permissions=form.held, by=actor())
            return done("roles-changed", to=url_for(".role_list"), message=f"The role {role.name} was added.")
        except DomainError as error:
            form.refuse(error)
    return render("settings/role.html", 422 if form.errors else 200, form=form, role=None, side=side)


@blueprint.route("/roles/<int:role_id>/edit", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def edit_role(role_id: int) -> Response:
    """Rename a role and say anew what it may do."""
    role = load(Role, role_id)
    form = RoleForm(role, side=role.side, by=actor())
    if form.validate_on_submit():
        try:
            roles.edit_role(role, name=form.name.text, permissions=form.held, version=form.seen, by=actor())
            message = f"The role {form.name.text} was saved. It holds at once for everybody who has it."
            return done("roles-changed", to=url_for(".role_list"), message=message)
        except DomainError as error:
            form.refuse(error)
    return render("settings/role.html", 422 if form.errors else 200, form=form, role=role, side=role.side)


@blueprint.route("/roles/<int:role_id>/removal", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def role_removal(role_id: int) -> Response:
    """Take away a role that nobody has."""
    role = load(Role, role_id)
    form = SwitchForm()
    if form.validate_on_submit():
        try:
            roles.delete_role(role, by=actor())
            return done("roles-changed", to=url_for(".role_list"), message=f"The role {role.name} was deleted.")
        except DomainError as error:
            form.refuse(error)
    holders = roles.count_holders(role)
    return render("settings/role_removal.html", 422 if form.errors else 200, form=form, role=role, holders=holders)


def _hashed(password: str, name: str, email: str) -> str:
    """The hash of a password that is good enough for that person."""
    passwords.check(password, about=(name, email, presentation.company().name))
    return passwords.hashed(password, current_app.config["PASSWORD_METHOD"])
