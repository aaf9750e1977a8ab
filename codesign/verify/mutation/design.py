"""A design in which every fault is planted, selected by a number at run time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codesign.verify.mutation.adder_graph import adder_graph_sites
from codesign.verify.mutation.pipeline import pipeline_sites
from codesign.verify.mutation.sites import MODULE, Mutant, Site, number_mutants, plant
from codesign.verify.mutation.statements import statement_sites
from codesign.verify.mutation.tables import table_sites

LIBRARY = "static"  # folder of modules that the network compiler ships; faults stand where they are used


@dataclass(frozen=True)
class MutableDesign:
    """Sources and the faults that can be planted in them.

    Attributes:
        texts: text of every source.
        sites: places in every source, in the order of the text.
        mutants: all faults.
    """

    texts: Mapping[Path, str]
    sites: Mapping[Path, Sequence[Site]]
    mutants: Sequence[Mutant]

    @classmethod
    def read(cls, sources: Sequence[Path]) -> "MutableDesign":
        """Find every site of the sources."""
        texts = {path: path.read_text() for path in sources}
        modules = {name: text for text in texts.values() for name in MODULE.findall(text)}
        sites = {path: _sites(path, text, modules) for path, text in texts.items()}
        return cls(texts, sites, number_mutants(texts, sites))

    def write(self, folder: Path, chosen: frozenset[int]) -> tuple[Path, ...]:
        """Write the sources with the chosen faults planted, and return them in reading order."""
        folder.mkdir(parents=True, exist_ok=True)
        written, first = [], 1
        for path, text in self.texts.items():
            target = folder / path.name
            target.write_text(plant(text, self.sites[path], first, chosen))
            first += sum(len(site.faults) for site in self.sites[path])
            written.append(target)
        return tuple(written)


def _sites(path: Path, text: str, modules: Mapping[str, str]) -> Sequence[Site]:
    """The sites that the most special finder sees: what the network compiler writes has a form of its own."""
    if path.parent.name == LIBRARY:
        return ()
    finders = (adder_graph_sites, table_sites, lambda code: pipeline_sites(code, modules), statement_sites)
    return next((found for find in finders if (found := find(text))), ())
