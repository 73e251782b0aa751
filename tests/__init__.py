import atexit
import os
import tempfile

# What replicas leave in the user's state folder goes elsewhere, also from programs that tests run.
if "CRDTNOTES_STATE" not in os.environ:
    _state = tempfile.TemporaryDirectory(prefix="crdtnotes-state-")
    os.environ["CRDTNOTES_STATE"] = _state.name
    atexit.register(_state.cleanup)
