"""The emulator as others use it: strict compilers, sanitisers, CMake, the C interface and the NumPy binding."""

import importlib.util
import shutil
import subprocess

import numpy as np
import pytest
from emulator_helpers import CONTRACT, EVENT, corner_events, graph_of, project_of

from codesign.tools import require_tool

SELF_TEST = "example/self_test.cpp"


@pytest.fixture(scope="module")
def network():
    """A graph with narrow and wide integers, tables, multiplexers and every cut of bits."""
    table = np.arange(64.0)[::-1] / 4 - 3

    def function(x):
        wide = x[3] * x[3] * x[0] - x[1]
        return np.stack([wide.quantize(1, 6, 6, "SAT"), x[1].lookup(table) - x[2], x[0].relu(2, 3) - 7 * x[3]])

    return graph_of(function)


@pytest.fixture
def project(network, tmp_path):
    return project_of(network, tmp_path / "emulator", classes=["g", "Σμ²", 'a "b" ??/ \\'])


def compile_self_test(project, *flags):
    program = project.path.parent / "self_test"
    command = [require_tool("g++"), "-std=c++17", *flags, "-Iinclude", SELF_TEST, "-o", program]
    subprocess.run(command, cwd=project.path, check=True)
    return program


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def change_an_expected_score(project):
    source = project.path / SELF_TEST
    before, rows = source.read_text().split("constexpr std::int64_t expected", 1)
    start = rows.index("    {") + 5
    end = rows.index(",", start)
    source.write_text(f"{before}constexpr std::int64_t expected{rows[:start]}{int(rows[start:end]) + 1}{rows[end:]}")


def test_the_sources_are_ascii_and_compile_with_all_warnings_as_errors(project):
    for file in project.files:
        if file.endswith((".h", ".cpp", "CMakeLists.txt", ".py")):
            (project.path / file).read_text(encoding="ascii")
    strict = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-Wshadow", "-Wundef"]
    assert run(compile_self_test(project, "-O3", *strict)).returncode == 0
    c_api = [require_tool("g++"), "-std=c++17", *strict, "-Iinclude", "-c", "src/c_api.cpp", "-o", "/dev/null"]
    assert run(*c_api, cwd=project.path).stderr == ""


def test_the_c_header_is_c(project, tmp_path):
    source = tmp_path / "user.c"
    source.write_text(
        '#include "codesign/small_c.h"\nsize_t ports(void) { return small_inputs() + small_outputs(); }\n'
    )
    command = [require_tool("g++"), "-x", "c", "-std=c99", "-Wall", "-Werror", "-pedantic", "-Iinclude"]
    assert run(*command, "-fsyntax-only", source, cwd=project.path).stderr == ""


def test_no_undefined_behaviour_and_no_access_beyond_the_arrays(project):
    program = compile_self_test(project, "-O1", "-fsanitize=undefined,address", "-fno-sanitize-recover=all")
    done = run(program)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"small {project.version}: 32 events, 0 scores differ\n")


def test_the_sanitiser_of_the_test_sees_an_overflow(project):
    header = project.path / "include" / "codesign" / "small.h"
    text = header.read_text()
    assert "std::int64_t{v" in text, "the wide product is computed in 64 bits"
    header.write_text(text.replace("std::int64_t{v", "std::int32_t{v").replace("const std::int64_t v", "const int v"))
    program = compile_self_test(
        project, "-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all", "-w", "-fpermissive"
    )
    assert "runtime error" in run(program).stderr


def test_a_wrong_expected_score_fails_the_self_test(project):
    change_an_expected_score(project)
    done = run(compile_self_test(project, "-O1"))
    assert done.returncode == 1
    assert "event 0, score g: expected" in done.stderr
    assert "1 scores differ" in done.stdout


def test_fast_math_is_refused(project):
    command = [require_tool("g++"), "-std=c++17", "-Ofast", "-Iinclude", "-fsyntax-only", SELF_TEST]
    assert "compile without -ffast-math" in run(*command, cwd=project.path).stderr


def cmake(project, build):
    if shutil.which("cmake") is None:
        pytest.skip("cmake is not installed")
    for command in (["cmake", "-S", project.path, "-B", build], ["cmake", "--build", build]):
        done = run(*command)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_cmake_project_builds_passes_its_test_and_installs(project, tmp_path):
    build = tmp_path / "build"
    cmake(project, build)
    assert run("ctest", "--test-dir", build).returncode == 0
    assert run("cmake", "--install", build, "--prefix", tmp_path / "installed").returncode == 0
    user = tmp_path / "user"
    user.mkdir()
    (user / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(user LANGUAGES CXX)\nfind_package(codesign_small REQUIRED)\n"
        "add_executable(user user.cpp)\ntarget_link_libraries(user codesign::small)\n"
    )
    (user / "user.cpp").write_text(
        '#include "codesign/small.h"\n#include "codesign/small_c.h"\n'
        "int main() { return small_inputs() == codesign::small::Emulator::inputs ? 0 : 1; }\n"
    )
    for command in (
        ["cmake", "-S", user, "-B", user / "build", f"-DCMAKE_PREFIX_PATH={tmp_path / 'installed'}"],
        ["cmake", "--build", user / "build"],
        [user / "build" / "user"],
    ):
        done = run(*command)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_cmake_test_fails_with_a_wrong_score(project, tmp_path):
    change_an_expected_score(project)
    cmake(project, tmp_path / "build")
    assert run("ctest", "--test-dir", tmp_path / "build").returncode != 0


@pytest.fixture
def binding(project, tmp_path):
    """The generated Python binding, over a library that is compiled for any machine."""
    library = tmp_path / "libcodesign_small.so"
    command = ["-std=c++17", "-O2", "-fPIC", "-shared", "-Iinclude", "src/c_api.cpp", "-o", library]
    subprocess.run([require_tool("g++"), *command], cwd=project.path, check=True)
    spec = importlib.util.spec_from_file_location("emulator_binding", project.path / "python" / "emulator.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Emulator(library, "small")


def test_the_numpy_binding_gives_the_integers_of_the_integer_model(binding, network, project):
    events = corner_events(CONTRACT, 100)
    assert (binding.inputs, binding.outputs, binding.version) == (4, 3, project.version)
    assert (binding.predict(events) == network.predict(events)).all()
    assert (binding.predict(events[:, ::-1][:, ::-1].astype(np.int32)) == network.predict(events)).all()
    physical = CONTRACT.to_physical(events)
    assert (binding.to_hardware(physical) == CONTRACT.to_hardware(physical)).all()


def test_the_numpy_binding_refuses_what_is_no_event(binding):
    with pytest.raises(ValueError, match=r"expected integers of shape \(n, 4\), got float64"):
        binding.predict(np.zeros((2, 4)))
    with pytest.raises(ValueError, match=r"expected integers of shape \(n, 4\)"):
        binding.predict(np.zeros(4, np.int64))
    with pytest.raises(ValueError, match="event 1 holds a value that is not finite"):
        binding.to_hardware([[0.0, 0, 0, 0], [0, np.nan, 0, 0]])


def test_only_the_bits_of_the_port_count(binding, network):
    events = corner_events(CONTRACT, 100)
    above = np.array([1 << entry.width for entry in CONTRACT.inputs])
    assert (binding.predict(events + 5 * above) == network.predict(events)).all()
    assert (binding.predict(events - (above << 20)) == network.predict(events)).all()


def test_constants_in_the_header_are_those_of_the_contract(tmp_path):
    network = graph_of(lambda x: x[:2] + x[2:4], EVENT)
    project = project_of(network, tmp_path / "emulator", classes=["first", "second"])
    source = tmp_path / "constants.cpp"
    source.write_text(
        '#include "codesign/small.h"\n#include <cstdio>\nusing E = codesign::small::Emulator;\nint main() {\n'
        '  for (const auto& f : E::input_formats) std::printf("%s|%.17g|%.17g|%d|%d|%d\\n", f.name, f.offset, f.lsb, '
        "f.width, f.is_signed, static_cast<int>(f.period));\n"
        "  const auto& g = E::object_slots[0];\n"
        '  std::printf("%s %zu %zu %zu\\n", g.name, g.first, g.slots, g.columns);\n'
        '  std::printf("%s %s %d %d %.17g\\n", E::classes[0], E::classes[1], E::score_width, E::score_integer_bits, '
        "E::score_lsb);\n}\n"
    )
    program = tmp_path / "constants"
    include = f"-I{project.path / 'include'}"
    subprocess.run([require_tool("g++"), "-std=c++17", include, source, "-o", program], check=True)
    lines = run(program).stdout.splitlines()
    for line, entry in zip(lines, EVENT.inputs, strict=False):
        name, *numbers = line.split("|")
        assert name == entry.name
        expected = [entry.offset, entry.lsb, entry.width, entry.signed, entry.period or 0]
        assert [float(number) for number in numbers] == expected
    assert lines[-2] == "jets 1 4 3"
    fmt = network.score_format
    assert lines[-1] == f"first second {fmt.width} {fmt.integer} {fmt.lsb:.17g}"
