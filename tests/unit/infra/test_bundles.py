"""Bundles: the same bytes for the same inputs, and nothing in them that is not needed."""

import io
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import _cffi_backend
import pytest
from zlib_ng import zlib_ng

from handlers.contract import load_collections, routes
from infra.authorizer.authorizer import authorizer_bundle
from infra.naming import Names
from infra.packaging import bundle_files, bundles
from infra.packaging.bundle_files import CompileError, compile_files, strip_library, zip_files
from infra.packaging.bundles import Bundle, BundleError, Target, archive, build, modules_of, without_building
from infra.packaging.handler_bundles import HandlerSources, handlers_bundle, layer_bundle
from infra.packaging.requirements import Requirements
from tests.unit.authorizer.provider import ALGORITHMS, jwk, token
from tests.unit.infra.test_settings import load, texts

HOST = Target.of("host")


def the_authorizer(target: Target = HOST, *, compiled: bool = False) -> Bundle:
    settings = load("gatehouse", "test", texts())
    data = settings.for_authorizer(Names("gatehouse", "test"), routes(load_collections()))
    return authorizer_bundle(data, target, compiled=compiled)


@dataclass(frozen=True)
class Again:
    """A second folder with bundles, and how often packages were installed for it."""

    folder: Path
    installations: int


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    paths = {}
    for bundle in (the_authorizer(), handlers_bundle(HOST)):
        paths[bundle.name] = bundle.path(folder)
        build(bundle, paths[bundle.name])
    return paths


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Again:
    """A second folder, in which the bundles of three collections and their layer are built."""
    installed: list[Path] = []
    install = Requirements._install

    def count(self: Requirements, site: Path) -> None:
        installed.append(site)
        install(self, site)

    folder, sources = tmp_path_factory.mktemp("again"), HandlerSources()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Requirements, "_install", count)
        for name in ("events", "items", "users"):
            archive(handlers_bundle(HOST, sources.of([name]), name=name), folder)
        archive(layer_bundle(HOST), folder)
    return Again(folder, len(installed))


def names_in(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as opened:
        return opened.namelist()


def test_two_builds_in_two_folders_are_byte_identical(built: dict[str, Path], again: Again, tmp_path: Path) -> None:
    source = tmp_path / "elsewhere"
    shutil.copytree(bundles.ROOT / "handlers", source / "handlers", ignore=shutil.ignore_patterns("__pycache__"))
    bundle = handlers_bundle(HOST)
    moved = handlers_bundle(HOST, modules_of(source / "handlers"))
    assert moved.digest() == bundle.digest()
    build(moved, again.folder / "moved.zip")
    assert (again.folder / "moved.zip").read_bytes() == built["handlers"].read_bytes()


@pytest.mark.parametrize("name", ["authorizer", "handlers"])
def test_a_bundle_contains_only_what_its_functions_need(built: dict[str, Path], name: str) -> None:
    names = names_in(built[name])
    assert f"{name}/__init__.py" in names
    unwanted = ("test", "pip/", "setuptools", ".dist-info", "__pycache__", ".pyi", "pycparser", "requirements", "moto")
    assert [each for each in names if any(part in each for part in unwanted)] == []


def test_the_authorizers_bundle_holds_its_packages_and_its_data_and_no_more(built: dict[str, Path]) -> None:
    names = names_in(built["authorizer"])
    assert {each.split("/")[0].split(".")[0] for each in names} == {
        "authorizer", "cryptography", "msgspec", "_cffi_backend",
    }  # fmt: skip
    assert "authorizer/settings.json" in names


def test_the_handlers_bundle_describes_no_service_but_dynamodb(built: dict[str, Path]) -> None:
    services = {each.split("/")[2] for each in names_in(built["handlers"]) if each.startswith("botocore/data/")}
    assert {each for each in services if "." not in each} == {"dynamodb"}


def test_bundles_are_far_below_lambdas_limit_for_an_upload(built: dict[str, Path]) -> None:
    assert built["authorizer"].stat().st_size <= 14_000_000
    assert built["handlers"].stat().st_size <= 3_500_000


@pytest.mark.parametrize(
    ("name", "module"),
    [("authorizer", "authorizer.handler"), ("handlers", "handlers.read"), ("handlers", "handlers.list")],
)
def test_a_bundle_alone_is_enough_to_import_its_functions(
    built: dict[str, Path], tmp_path: Path, name: str, module: str
) -> None:
    with zipfile.ZipFile(built[name]) as opened:
        opened.extractall(tmp_path)
    require_importable(tmp_path, module)


IMPORT = """
import importlib, sys, threading
sys.path.insert(0, sys.argv[1])
importlib.import_module(sys.argv[2])
for thread in threading.enumerate()[1:]:  # OpenSSL crashes if the process ends while a thread loads certificates
    thread.join(10)
"""


def require_importable(folder: Path, module: str) -> None:
    """Import a module of an unpacked bundle, without any other packages."""
    command = [sys.executable, "-I", "-S", "-c", IMPORT, folder, module]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


CHECKS = """
import json, sys
sys.path.insert(0, sys.argv[1])
from authorizer import keys, token
given = json.load(sys.stdin)
found = keys.parse(json.dumps(given["keys"]).encode(), tuple(given["tokens"]))
for algorithm, text in given["tokens"].items():
    key, parsed = found.find(algorithm, algorithm), token.parse(text)
    held = [key.verify(parsed.signing_input, each) for each in (parsed.signature, parsed.signature[::-1], b"")]
    assert held == [True, False, False], algorithm
assert [member for member in given["bad"] if keys.parse_key(member, tuple(given["tokens"]))] == []
"""


def test_the_authorizers_bundle_alone_checks_signatures_of_every_algorithm(
    built: dict[str, Path], tmp_path: Path
) -> None:
    with zipfile.ZipFile(built["authorizer"]) as opened:
        opened.extractall(tmp_path)
    good = {algorithm: jwk(algorithm) for algorithm in ALGORITHMS}
    tokens = {algorithm: token(algorithm) for algorithm in ALGORITHMS}
    bad = [{**good["RS256"], "e": "Ag"}, {**good["ES256"], "x": good["ES256"]["y"]}, {**good["EdDSA"], "x": "AA"}]
    given = json.dumps({"keys": {"keys": list(good.values())}, "tokens": tokens, "bad": bad})
    command = [sys.executable, "-I", "-S", "-B", "-c", CHECKS, str(tmp_path)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("runtime", ["python3.13", "python3.14"])
@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_lambdas_bundles_hold_libraries_for_its_architecture_and_python(
    tmp_path: Path, architecture: str, runtime: str
) -> None:
    machine = "aarch64" if architecture == "arm64" else "x86_64"
    target = Target.of(architecture, runtime)
    for bundle in (the_authorizer(target), handlers_bundle(target)):
        build(bundle, path := tmp_path / f"{bundle.name}.zip")
        libraries = [each for each in names_in(path) if each.endswith(".so")]
        assert any(runtime.replace("python3.", "cpython-3") in each for each in libraries)
        assert all(machine in each or "abi3" in each for each in libraries), libraries


def test_a_changed_input_changes_the_digest() -> None:
    bundle = the_authorizer()
    others = [
        replace(bundle, files={**bundle.files, "authorizer/settings.json": b"{}"}),
        the_authorizer(Target.of("arm64")),
        replace(bundle, requirements=handlers_bundle(HOST).requirements),
    ]
    assert len({each.digest() for each in (bundle, *others)}) == 4


def test_each_collection_has_a_bundle_with_its_own_module_only(tmp_path: Path) -> None:
    package = tmp_path / "handlers"
    shutil.copytree(bundles.ROOT / "handlers", package, ignore=shutil.ignore_patterns("__pycache__"))
    module = package / "contract" / "collections" / "items.py"
    module.write_text(f"{module.read_text()}\n# changed\n")
    before, after = HandlerSources(), HandlerSources(package)
    for name in ("events", "items", "users"):
        modules = before.of([name])
        assert {path for path in modules if "/collections/" in path} == {
            "handlers/contract/collections/__init__.py", f"handlers/contract/collections/{name}.py",
        }  # fmt: skip
        digests = {handlers_bundle(HOST, each).digest() for each in (modules, after.of([name]))}
        assert len(digests) == (2 if name == "items" else 1)
    assert before.of(["events", "items", "users"]) == modules_of(bundles.ROOT / "handlers")


@pytest.mark.parametrize(
    "statement",
    [
        "from handlers.contract.collections.users import User", "from handlers.contract.collections import users",
        "import handlers.contract.collections.users",
    ],
)  # fmt: skip
def test_a_collections_bundle_has_the_modules_that_it_imports(tmp_path: Path, statement: str) -> None:
    package = tmp_path / "handlers"
    shutil.copytree(bundles.ROOT / "handlers", package, ignore=shutil.ignore_patterns("__pycache__"))
    module = package / "contract" / "collections" / "items.py"
    module.write_text(f"{module.read_text()}\n{statement}\n")
    assert "handlers/contract/collections/users.py" in HandlerSources(package).of(["items"])
    assert "handlers/contract/collections/items.py" not in HandlerSources(package).of(["users"])


def test_many_bundles_install_their_packages_once(again: Again) -> None:
    assert again.installations == 1


class TestLayer:
    def test_a_layer_and_a_bundle_without_packages_are_together_like_a_bundle(
        self, built: dict[str, Path], again: Again
    ) -> None:
        layer, layered = (
            Path(archive(bundle, again.folder).path)
            for bundle in (layer_bundle(HOST), handlers_bundle(HOST, layered=True))
        )
        names = [*(each.removeprefix("python/") for each in names_in(layer)), *names_in(layered)]
        assert sorted(names) == names_in(built["handlers"])
        assert all(each.startswith("handlers/") for each in names_in(layered))

    def test_two_builds_are_byte_identical(self, built: dict[str, Path], again: Again) -> None:
        one, two = (
            Path(archive(layer_bundle(HOST), folder).path) for folder in (built["handlers"].parent, again.folder)
        )
        assert one.name == two.name
        assert one.read_bytes() == two.read_bytes()


def test_a_zip_has_fixed_order_times_and_modes(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zip_files({"b.py": b"b", "a.so": b"a"}))
    with zipfile.ZipFile(path) as opened:
        assert [(each.filename, each.date_time, oct(each.external_attr >> 16)) for each in opened.infolist()] == [
            ("a.so", (1980, 1, 1, 0, 0, 0), "0o100755"),
            ("b.py", (1980, 1, 1, 0, 0, 0), "0o100644"),
        ]


class TestCompressors:
    """Hosts have different implementations of zlib: Fedora's is zlib-ng, Debian's is not."""

    files: ClassVar = {path.name: path.read_bytes() for path in (bundles.ROOT / "infra").glob("*.py")}

    def test_an_archive_is_the_same_with_any_zlib(self, monkeypatch: pytest.MonkeyPatch) -> None:
        here = zip_files(self.files)
        monkeypatch.setattr(zipfile, "zlib", zlib_ng)
        assert zip_files(self.files) == here

    def test_a_compressed_archive_is_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        here = self.deflated()
        monkeypatch.setattr(zipfile, "zlib", zlib_ng)
        assert self.deflated() != here

    def deflated(self) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
            for name, content in self.files.items():
                target.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        return out.getvalue()


def test_a_plan_names_bundles_without_building_them(tmp_path: Path) -> None:
    with without_building():
        found = archive(handlers_bundle(HOST), tmp_path)
    assert found.path.startswith(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_that_lambda_would_reject_is_named(tmp_path: Path) -> None:
    def bundle(size: int) -> Bundle:
        return Bundle(name="large", target=HOST, files={"data": bytes(size)}, requirements=None)

    archive(bundle(2**20), tmp_path)
    with pytest.raises(BundleError, match=r"the large bundle has 52,\d{3},\d{3} bytes, .* more than Lambda accepts"):
        archive(bundle(bundles.MAX_BYTES), tmp_path)
    with pytest.raises(BundleError, match="the large bundle"):  # although it is built
        archive(bundle(bundles.MAX_BYTES), tmp_path)


def test_a_requirement_with_a_wrong_hash_is_rejected_and_leaves_no_files(tmp_path: Path) -> None:
    package = tmp_path / "handlers"
    package.mkdir()
    (package / "requirements.txt").write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    bundle = handlers_bundle(HOST)
    assert bundle.requirements is not None
    wrong = replace(bundle, requirements=replace(bundle.requirements, file=package / "requirements.txt"))
    with pytest.raises(BundleError, match="handlers bundle could not be built"):
        archive(wrong, tmp_path / "build")
    assert list((tmp_path / "build").iterdir()) == []


@pytest.fixture(scope="module")
def twice_compiled(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("compiled")
    paths = [folder / "one" / "bundle.zip", folder / "two" / "bundle.zip"]
    for path in paths:
        bundle_files._compiled.clear()
        path.parent.mkdir()
        build(the_authorizer(compiled=True), path)
    return paths


class TestCompiledFiles:
    def test_two_builds_are_byte_identical(self, twice_compiled: list[Path]) -> None:
        assert twice_compiled[0].read_bytes() == twice_compiled[1].read_bytes()

    def test_they_replace_the_sources_and_name_no_folder_of_this_machine(self, twice_compiled: list[Path]) -> None:
        names = names_in(twice_compiled[0])
        assert "authorizer/handler.pyc" in names
        assert [each for each in names if each.endswith(".py")] == []
        with zipfile.ZipFile(twice_compiled[0]) as opened:
            content = opened.read("authorizer/handler.pyc")
        assert b"authorizer/handler.py" in content
        assert b"/tmp" not in content

    def test_they_are_enough_to_import(self, twice_compiled: list[Path], tmp_path: Path) -> None:
        with zipfile.ZipFile(twice_compiled[0]) as opened:
            opened.extractall(tmp_path)
        require_importable(tmp_path, "authorizer.handler")

    def test_they_need_the_interpreter_of_the_target(self) -> None:
        with pytest.raises(CompileError, match=r"needs Python 2\.6"):
            compile_files({"a.py": b""}, "2.6")

    def test_it_is_another_bundle(self) -> None:
        assert the_authorizer(compiled=True).digest() != the_authorizer().digest()


def test_a_stripped_library_can_be_loaded(tmp_path: Path) -> None:
    assert strip_library(b"no library") == b"no library"
    library = Path(_cffi_backend.__file__)
    stripped = strip_library(library.read_bytes())
    assert len(stripped) <= library.stat().st_size
    (tmp_path / library.name).write_bytes(stripped)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import _cffi_backend"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
