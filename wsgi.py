"""What the server runs."""

from webapp import create_app

app = create_app()
