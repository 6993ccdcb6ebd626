"""Keras and the library under it, loaded only to train and without their start-up talk."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


def load_backend() -> None:
    """Import Keras and its backend; what they print while starting is shown only if that fails."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _hold_back_stderr():
        import keras

        keras.ops.convert_to_numpy(keras.ops.zeros(1))  # the backend talks once more at its first use


@contextmanager
def _hold_back_stderr() -> Iterator[None]:
    """Keep what C++ libraries write to standard error; they know no other way to be silent."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(terminal, held.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
