from webapp.forms import Form, LineField, SecretField, required


class SignInForm(Form):
    """The way in."""

    email = LineField("Email", [required("Type your email.")], longest=254)
    password = SecretField("Password", [required("Type your password.")])


class NameForm(Form):
    """One's own name."""

    name = LineField("Name", [required("Type your name.")])


class PasswordForm(Form):
    """One's own password."""

    current = SecretField("Current password", [required("Type the password you have now.")])
    password = SecretField("New password", [required("Type a new password.")])
