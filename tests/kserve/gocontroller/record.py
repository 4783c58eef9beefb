"""Record what KServe's own reconciler and webhook do: python -m tests.kserve.gocontroller.record.

Needs Go. For each release, ``main.go.txt`` is compiled with the module file of the testbed's
manager of that release, and run on services thrown with dice of a fixed seed. The outcomes
go to ``tests/kserve/cases/go_controller.json``.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from migrate.kserve import terms

HERE = Path(__file__).parent
CASES = HERE.parent / "cases"
PROGRAMS = HERE.parents[1] / "testbed" / "programs"
SEED = 20260812
THROWN = 250

Json = dict[str, Any]

DEFAULT = {
    "0.7.0": "service.DefaultInferenceService(config)",
    "0.8.0": "service.DefaultInferenceService(config)",
    "0.9.0": """deploy, err := v1beta1.NewDeployConfig(c)
	if err != nil {
		return err
	}
	service.DefaultInferenceService(config, deploy)""",
}
RUNTIMES = """for _, raw := range tc.Runtimes {
		r := &v1alpha1.ClusterServingRuntime{}
		check(json.Unmarshal(raw, r))
		objects = append(objects, r)
	}"""

FORMATS = list(terms.FORMATS)
VERSIONS = ["v0.7.0", "0.4.1", "2.6.2", "2.6.2-gpu", "", "v1@sha256:" + "a" * 64, "not a tag"]
IMAGES = ["registry.example:5000/team/server:1", "tensorflow/serving:2.6.2", "kserve/x", ""]
PROTOCOLS = ["v1", "v2", "grpc-v1", ""]
LIMITS = [{"nvidia.com/gpu": 1}, {"nvidia.com/gpu": "0"}, {"cpu": "1"}, {"amd.com/gpu": 1}]
MODES = ["ModelMesh", "Serverless", "Nonsense"]
RUNTIME_IMAGES = ["tensorflow/serving:2.6.2", "pytorch/torchserve-kfs:0.6.0", "other/server:1"]


def texts() -> list[str | None]:
    """The shipped texts, and some that are not as they should be."""
    shipped = [path.read_text() for path in sorted((CASES / "predictors").glob("*.json"))]
    flat: Json = {name: {"image": f"flat/{name}", "defaultImageVersion": "1"} for name in FORMATS}
    nested: Json = {name: {"v1": flat[name], "v2": flat[name]} for name in FORMATS}
    both: Json = {name: {**flat[name], **nested[name]} for name in FORMATS}
    for entry in (both["tensorflow"], both["pytorch"], both["pytorch"]["v1"]):
        entry["defaultGpuImageVersion"] = "1-gpu"
    only_v1 = {name: {"v1": flat[name]} for name in FORMATS}
    only_v2 = {name: {"v2": flat[name], "image": "x"} for name in FORMATS}
    ports = {name: {"image": f"registry.example:5000/{name}"} for name in FORMATS}
    made = [flat, both, only_v1, only_v2, {**both, **ports}, {"tensorflow": {"defaultTimeout": 60}}]
    return [*shipped, *(json.dumps(document) for document in made), "null", "{", None]


def _maybe(dice: random.Random, chance: float, **field: Any) -> Json:
    return field if dice.random() < chance else {}


def _extension(dice: random.Random) -> Json:
    return {
        **_maybe(dice, 0.7, runtimeVersion=dice.choice(VERSIONS[: dice.choice([4, 7])])),
        **_maybe(dice, 0.2, image=dice.choice(IMAGES)),
        **_maybe(dice, 0.5, protocolVersion=dice.choice(PROTOCOLS[: dice.choice([2, 4])])),
        **_maybe(dice, 0.8, storageUri="gs://bucket/model"),
        **_maybe(dice, 0.4, resources={"limits": dice.choice(LIMITS)}),
    }


def _predictor(dice: random.Random, release: str) -> Json:
    shape = dice.random()
    if shape < 0.03:
        return {} if dice.random() < 0.5 else {"sklearn": _extension(dice), "onnx": {}}
    if shape < 0.08:
        return {"containers": [{"name": "kserve-container", "image": dice.choice(IMAGES[:3])}]}
    if shape < 0.25 and release != "0.7.0":
        model = {**_extension(dice), "modelFormat": {"name": dice.choice(FORMATS)}}
        if dice.random() < 0.5:
            model |= {"runtimeVersion": None, "resources": {"limits": LIMITS[0]}}
        return {"model": {**model, "runtime": "ours"}}
    name = dice.choice(FORMATS)
    named = {"modelClassName": "Net"} if name == "pytorch" and dice.random() < 0.5 else {}
    return {name: {**_extension(dice), **named}}


def _service(dice: random.Random, release: str) -> Json:
    mode = {"serving.kserve.io/deploymentMode": dice.choice(MODES)}
    marked = {"finalizers": ["inferenceservice.finalizers"]} if dice.random() < 0.85 else {}
    annotations = {"annotations": mode if dice.random() < 0.1 else {}}
    meta = {"name": "service", "namespace": "team", **marked, **annotations}
    return {"metadata": meta, "spec": {"predictor": _predictor(dice, release)}}


def _runtime(image: str) -> Json:
    formats = [{"name": name} for name in FORMATS]
    spec = {"supportedModelFormats": formats, "containers": [{"name": "c", "image": image}]}
    return {"metadata": {"name": "ours"}, "spec": spec}


def outcomes(release: str, cases: list[Json], build: Path) -> list[Json]:
    """Compile the reconciler of a release and run it on the cases."""
    for name in ("go.mod", "go.sum"):
        shutil.copy(PROGRAMS / f"kserve-{release}" / name, build / name)
    source = (HERE / "main.go.txt").read_text()
    source = source.replace("\tDEFAULT", "\t" + DEFAULT[release])
    source = source.replace("\tRUNTIMES", "" if release == "0.7.0" else "\t" + RUNTIMES)
    (build / "main.go").write_text(source)
    answer = subprocess.run(
        ["go", "run", "-mod=mod", "."],
        cwd=build, input=json.dumps(cases), text=True, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    result: list[Json] = json.loads(answer.stdout)
    return result


def record(release: str) -> list[Json]:
    """Throw the cases of a release; ``text`` is the index of the predictors text."""
    dice, known = random.Random(f"{SEED} {release}"), texts()
    cases = []
    for _ in range(THROWN):
        text, runtimes = dice.randrange(len(known)), [_runtime(dice.choice(RUNTIME_IMAGES))]
        service = _service(dice, release)
        case = {"service": service, "predictors": known[text], "runtimes": runtimes}
        cases.append((text, case))
    with tempfile.TemporaryDirectory() as build:
        found = outcomes(release, [case for _, case in cases], Path(build))
    return [
        {"release": release, "text": text, "service": case["service"], **_told(case, outcome)}
        for (text, case), outcome in zip(cases, found, strict=True)
    ]


def _told(case: Json, outcome: Json) -> Json:
    """Keep what a test asks for: images, whether it failed, and what the webhook stored."""
    form, field = next(iter(outcome["admitted"].items()), ("none", {}))
    pin = field.get("runtimeVersion") if isinstance(field, dict) else None
    runtime = case["runtimes"][0]["spec"]["containers"][0]["image"]
    return {
        "runtime": runtime,
        "image": outcome["image"],
        "failed": "failure" in outcome,
        "refused": "refused" in outcome,
        "stored": [form, pin],
    }


def main() -> None:
    lines = [json.dumps(case) for release in DEFAULT for case in record(release)]
    head = f'{{"texts": {json.dumps(texts())},\n"cases": [\n'
    (CASES / "go_controller.json").write_text(head + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    main()
