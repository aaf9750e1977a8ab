"""Physics data: the data set on disk, and the simulation that makes one."""

from codesign.data.dataset import Dataset
from codesign.data.schema import SPLITS, Column
from codesign.data.writing import write_dataset

__all__ = ["SPLITS", "Column", "Dataset", "write_dataset"]
