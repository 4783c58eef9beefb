"""What differs between the releases of KServe: the columns of one table (``table.py``).

Code asks a row of that table what a release does; it never asks for a release.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Overlay(StrEnum):
    """How the container of a service is laid over that of its runtime."""

    JSON = "json"
    """Decoded into the same struct; env and args are appended."""
    STRATEGIC = "strategic merge"
    """A strategic merge patch; args are appended."""


class TagRule(StrEnum):
    """What ``runtimeVersion`` replaces in an image."""

    FIRST_COLON = "all from the first colon"
    LAST_TAG = "the last colon and the tag after it"


class ServerBy(StrEnum):
    """By what KServe tells that a runtime is MLServer, TorchServe or Triton."""

    WEBHOOK = "the name, at admission"
    NAME = "the name of the runtime"
    ANNOTATION = "the annotation server-type, else the name"


class Unset(StrEnum):
    """What an unset protocol means when a runtime is looked for."""

    IGNORED = "no protocol is looked at"
    ANY = "any protocol"
    V1 = "v1"


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How the releases of one row behave. ``name`` is what a person calls the row."""

    name: str

    # predictors, and services in the framework form
    predictors_read: bool
    """Whether a service in the framework form gets its image from ``predictors``."""
    nested: frozenset[str]
    """Formats whose entry holds one object for v1 and one for v2; the others are flat."""
    pins_at_admission: bool
    """Whether the webhook writes ``runtimeVersion`` into a framework field without one."""
    checks_gpu_suffix: bool
    """Whether the webhook wants ``-gpu`` in the version with a GPU, and only with one."""
    new_services_use_predictors: bool
    """Whether a service created in the framework form keeps it."""
    instead: str
    """What to do where ``predictors`` does not do it; empty where nothing else is needed."""

    # admission
    converts_on_write: bool
    """Whether any write to a service turns its framework form into ``model``."""
    stores_runtime: bool
    """Whether that conversion names a runtime, too."""
    v2_frameworks: frozenset[str]
    """Framework fields that become protocol v2 by the conversion, where they have none."""
    v2_formats: frozenset[str]
    """Formats of ``model`` that get protocol v2 at any write, where they have none."""
    stores_model_format: bool
    """Whether the webhook stores the annotation ``modelFormat``."""
    stores_mode: bool
    """Whether it stores a default mode other than Knative in an annotation."""
    renames_modes: bool
    """Whether it stores Standard and Knative for the old words."""
    refuses_pythonpath: bool
    """Whether an env variable PYTHONPATH is refused, in services and in runtimes."""
    judges_runtimes: bool
    """Whether a webhook looks at runtimes: priorities that clash, and worker specs."""

    # which runtime
    knows_model: bool
    """Whether ``spec.predictor.model`` and ServingRuntimes exist."""
    knows_huggingface: bool
    """Whether there is a framework field ``huggingface``."""
    unset_protocol: Unset
    """What an unset protocol means in auto-selection."""
    orders_by_age: bool
    """Whether candidates are ordered: lowest protocol, newest, name."""
    orders_by_priority: bool
    """Whether a higher priority comes before that order."""
    uses_workers: bool
    """Whether ``workerSpec`` of runtime and service must go together, and is used."""
    reports_runtime: bool
    """Whether the status names the runtime, by a second look: namespace first."""

    # server defaults
    server_by: ServerBy
    checks_first: bool
    """Whether a named runtime is checked before its server defaults are set."""
    env_if_absent: bool
    """Whether MLServer's variables are left out where the service has them."""
    torchserve_env: bool
    """Whether TorchServe gets PROTOCOL_VERSION."""
    grpc_v2_envelope: bool
    """Whether grpc-v2 counts as v2 for TorchServe's envelope."""

    # the container
    overlay: Overlay
    base_by_name: bool
    """Whether the runtime's container is the one named kserve-container, else the first."""
    pod_fields: tuple[str, ...]
    """What a pod gets from its runtime beside containers, laid over by the service's."""
    runtime_metadata: bool
    """Whether labels and annotations below the runtime's ``spec`` go to the pods."""
    predictor_metadata: bool
    """Whether those of ``spec.predictor`` do."""
    merges_transformer: bool
    """Whether transformer-container is merged of both, and its placeholders filled in."""
    one_value: bool
    """Whether a variable keeps only one of value and valueFrom."""
    name_env: bool
    """Whether every container gets INFERENCE_SERVICE_NAME."""
    hides_by_config: bool
    """Whether the ConfigMap says which annotations stay off the pods."""
    hides_model_format: bool
    """Whether the annotation ``modelFormat`` stays off the pods."""

    # the image
    tag_rule: TagRule
    gpu_tag_from_predictors: bool
    """Whether ``UpdateImageTag`` takes the tag of a GPU image from ``predictors``."""
    gpu_suffix: frozenset[str]
    """Servers whose tag gets ``-gpu`` with a GPU."""
    suffix_by_annotation: bool
    """Whether the annotation server-type names the server there, too."""
    mig_is_gpu: bool
    """Whether a limit on ``nvidia.com/mig-…`` counts as a GPU."""
    keeps_digest: bool
    """Whether an image with a sha256 digest is left alone."""
    cpu_repository: frozenset[str]
    """Servers whose repository gets ``-cpu`` without a GPU."""

    # many nodes
    mp_executor: bool
    """Whether ``multinode/executor-backend: mp`` is known, and workers are told the sizes."""
    oci_is_local: bool
    """Whether MODEL_DIR is set for ``oci://`` as for ``pvc://``."""

    # the workload
    standard_words: bool
    """Whether the modes are called Standard and Knative, the old words being aliases."""
    mode_in_status: bool
    """Whether the mode in the status wins over the annotation."""
    reads_old_mode_in_status: bool
    """Whether an old word there is understood."""
    may_skip: bool
    """Whether ``disable-auto-update`` on a ready service stops every reconcile."""
    stops: frozenset[str]
    """Modes in which the annotation ``stop`` takes the workload away."""
    workload_suffix: str
    """What follows the name of the InferenceService in the name of its workload."""
    keeps_old_name: bool
    """Whether a workload that is there under the name of 0.10 and before keeps it."""
    canaries: bool
    """Whether ``spec.canary[]`` and ``spec.predictor.name`` exist."""
