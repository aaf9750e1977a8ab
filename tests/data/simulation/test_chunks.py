from codesign.data.simulation.chunks import JETS_PER_CHUNK, Chunk, chunk_seed, plan_jets


def test_a_plan_has_every_jet_once_and_balanced_classes():
    chunks = plan_jets(2 * JETS_PER_CHUNK + 141, ("g", "q"))
    assert [(chunk.class_name, chunk.index, chunk.size) for chunk in chunks] == [
        ("g", 0, 500),
        ("q", 0, 500),
        ("g", 1, 71),
        ("q", 1, 70),
    ]


def test_seeds_differ_and_depend_on_class_and_number_only():
    chunks = plan_jets(62_500, ("g", "q", "W", "Z", "t"))
    seeds = [chunk_seed(1, chunk) for chunk in chunks]
    assert len(set(seeds)) == len(chunks) == 125
    assert all(1 <= seed <= 900_000_000 for seed in seeds)
    assert chunk_seed(1, Chunk("W", 3, 7)) == chunk_seed(1, Chunk("W", 3, 500)) != chunk_seed(2, Chunk("W", 3, 7))


def test_seeds_stay_what_they_were():
    # The shipped sample was made with them.
    assert chunk_seed(1, Chunk("g", 0, 500)) == 323998542
    assert chunk_seed(1, Chunk("t", 0, 500)) == 278071049
