"""Networks of other tools as networks of our own: QKeras models of Keras 2 and HGQ2 models of Keras 3."""

from codesign.models.importers.comparison import Comparison, compare, read_arrays
from codesign.models.importers.network import INPUT_FORMAT, ImportedNetwork, import_network, write_network

__all__ = ["INPUT_FORMAT", "Comparison", "ImportedNetwork", "compare", "import_network", "read_arrays", "write_network"]
