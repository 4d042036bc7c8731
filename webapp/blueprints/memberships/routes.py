from flask import Blueprint

blueprint = Blueprint("memberships", __name__)
