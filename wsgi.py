"""What the server runs."""

import sys

from webapp import create_app
from webapp.starting import CannotStart

BOOT_ERROR = 3
"""What tells gunicorn that another worker would not fare better."""

try:
    app = create_app()
except CannotStart as why:
    sys.stderr.write(f"Carnet cannot start. {why}\n")
    sys.exit(BOOT_ERROR)
