from flask import Blueprint

blueprint = Blueprint("items", __name__)
