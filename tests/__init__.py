import atexit
import os
import tempfile

# Redirect what replicas write to the user's state folder, also for programs that the tests run.
if "CRDTNOTES_STATE" not in os.environ:
    _state = tempfile.TemporaryDirectory(prefix="crdtnotes-state-")
    os.environ["CRDTNOTES_STATE"] = _state.name
    atexit.register(_state.cleanup)
