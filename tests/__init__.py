"""Everything that is only for those who change Carnet."""

import os

# Servers that tests and measurements start would write between the dots; the tests of the log switch it on.
os.environ.setdefault("CARNET_REQUEST_LOG", "0")
