from codesign.naming import unknown_name


def test_the_nearest_name_is_suggested():
    assert (
        unknown_name("column", "mass_mdmt", ["zlogz", "mass_mmdt"])
        == "unknown column 'mass_mdmt'; did you mean 'mass_mmdt'? known: zlogz, mass_mmdt"
    )


def test_without_a_near_name_the_known_ones_are_listed():
    assert unknown_name("process", "xyz", ["g", "q"]) == "unknown process 'xyz'; known: g, q"
    assert unknown_name("process", "g", []) == "unknown process 'g'; known: none"
