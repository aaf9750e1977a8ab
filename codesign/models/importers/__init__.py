"""Networks of other tools as networks of our own: QKeras models of Keras 2, HGQ2 models of Keras 3, bare weights."""

from codesign.models.importers.comparison import Comparison, compare, read_arrays
from codesign.models.importers.network import (
    INPUT_FORMAT,
    ImportedNetwork,
    import_network,
    require_keras_name,
    write_network,
)
from codesign.models.importers.weights_file import read_weights_file
from codesign.models.importers.weights_network import import_weights, weights_contract

__all__ = [
    "INPUT_FORMAT",
    "Comparison",
    "ImportedNetwork",
    "compare",
    "import_network",
    "import_weights",
    "read_arrays",
    "read_weights_file",
    "require_keras_name",
    "weights_contract",
    "write_network",
]
