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


class Wakes(StrEnum):
    """Whom an edit of a runtime's ``spec`` has reconciled."""

    NOBODY = "nobody"
    EVERYBODY = "every service"
    USERS = "the services whose status names it"


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How the releases of one row behave. ``name`` is what a person calls the row.

    The defaults are what no release did before some row says otherwise.
    """

    name: str

    # predictors, and services in the framework form
    predictors_read: bool = False
    """Whether a service in the framework form gets its image from ``predictors``."""
    nested: frozenset[str]
    """Formats whose entry holds one object for v1 and one for v2; the others are flat."""
    pins_at_admission: bool = False
    """Whether the webhook writes ``runtimeVersion`` into a framework field without one."""
    checks_gpu_suffix: bool = False
    """Whether the webhook wants ``-gpu`` in the version with a GPU, and only with one."""
    agent_port: bool = False
    """Whether a container without ports gets that of the agent, where there is an agent:
    for a logger or a batcher."""
    new_services_use_predictors: bool = False
    """Whether a service created in the framework form keeps it."""
    instead: str
    """What to do where ``predictors`` does not do it; empty where nothing else is needed."""

    # admission
    converts_on_write: bool = False
    """Whether any write to a service turns its framework form into ``model``."""
    stores_runtime: bool = False
    """Whether that conversion names a runtime, too."""
    v2_frameworks: frozenset[str] = frozenset()
    """Framework fields that become protocol v2 by the conversion, where they have none."""
    v2_formats: frozenset[str] = frozenset()
    """Formats of ``model`` that get protocol v2 at any write, where they have none."""
    stores_model_format: bool = False
    """Whether the webhook stores the annotation ``modelFormat``."""
    stores_mode: bool = False
    """Whether it stores a default mode other than Knative in an annotation."""
    renames_modes: bool = False
    """Whether it stores Standard and Knative for the old words."""
    refuses_pythonpath: bool = False
    """Whether an env variable PYTHONPATH is refused, in services and in runtimes."""
    refuses_container_name: bool = False
    """Whether a service whose model's container has a name is refused."""

    # which runtime
    knows_model: bool = False
    """Whether ``spec.predictor.model`` and ServingRuntimes exist."""
    knows_huggingface: bool = False
    """Whether there is a framework field ``huggingface``."""
    unset_protocol: Unset
    """What an unset protocol means in auto-selection."""
    orders_by_age: bool = False
    """Whether candidates are ordered: lowest protocol, newest, name."""
    orders_by_priority: bool = False
    """Whether a higher priority comes before that order."""
    uses_workers: bool = False
    """Whether ``workerSpec`` of runtime and service must go together, and is used."""
    edit_wakes: Wakes = Wakes.NOBODY
    """Whom an edit of a ClusterServingRuntime has reconciled at once."""
    judges_runtimes: bool = False
    """Whether a webhook refuses a runtime that has another one's priority for a format."""
    one_priority: bool = False
    """Whether it wants one priority for a format inside a runtime, too."""
    reports_runtime: bool = False
    """Whether the status names the runtime, by a second look: namespace first."""

    # server defaults
    server_by: ServerBy
    checks_first: bool = False
    """Whether a named runtime is checked before its server defaults are set."""
    env_if_absent: bool = False
    """Whether MLServer's variables are left out where the service has them."""
    torchserve_env: bool = False
    """Whether TorchServe gets PROTOCOL_VERSION."""
    grpc_v2_envelope: bool = False
    """Whether grpc-v2 counts as v2 for TorchServe's envelope."""

    # the container
    overlay: Overlay
    base_by_name: bool = False
    """Whether the runtime's container is the one named kserve-container, else the first."""
    pod_fields: tuple[str, ...]
    """What a pod gets from its runtime beside containers, laid over by the service's."""
    runtime_metadata: bool = False
    """Whether labels and annotations below the runtime's ``spec`` go to the pods."""
    predictor_metadata: bool = False
    """Whether those of ``spec.predictor`` do."""
    merges_transformer: bool = False
    """Whether transformer-container is merged of both, and its placeholders filled in."""
    one_value: bool = False
    """Whether a variable keeps only one of value and valueFrom."""
    name_env: bool = False
    """Whether every container gets INFERENCE_SERVICE_NAME."""
    hides_by_config: bool = False
    """Whether the ConfigMap says which annotations stay off the pods."""
    hides_model_format: bool = False
    """Whether the annotation ``modelFormat`` stays off the pods."""

    custom_by_name: bool = False
    """Whether a predictor of its own containers must have one named kserve-container."""

    # the image
    tag_rule: TagRule
    gpu_tag_from_predictors: bool = False
    """Whether ``UpdateImageTag`` takes the tag of a GPU image from ``predictors``."""
    gpu_suffix: frozenset[str] = frozenset()
    """Servers whose tag gets ``-gpu`` with a GPU."""
    suffix_by_annotation: bool = False
    """Whether the annotation server-type names the server there, too."""
    mig_is_gpu: bool = False
    """Whether a limit on ``nvidia.com/mig-…`` counts as a GPU."""
    keeps_digest: bool = False
    """Whether an image with a sha256 digest is left alone."""
    cpu_repository: frozenset[str] = frozenset()
    """Servers whose repository gets ``-cpu`` without a GPU."""

    storage_prefixes: tuple[str, ...]
    """URIs of models that are taken without a look at ClusterStorageContainers."""
    judges_storage: bool = False
    """Whether the controller judges the URI, and not only the webhook at a write."""

    # many nodes
    mp_executor: bool = False
    """Whether ``multinode/executor-backend: mp`` is known, and workers are told the sizes."""
    oci_is_local: bool = False
    """Whether MODEL_DIR is set for ``oci://`` as for ``pvc://``."""

    # the workload
    standard_words: bool = False
    """Whether the modes are called Standard and Knative, the old words being aliases."""
    mode_in_status: bool = False
    """Whether the mode in the status wins over the annotation."""
    reads_old_mode_in_status: bool = False
    """Whether an old word there is understood."""
    may_skip: bool = False
    """Whether ``disable-auto-update`` on a ready service stops every reconcile."""
    mode_by_annotation: bool = False
    """Whether the annotation is asked again when a Deployment is made, and must say so."""
    autoscalers: frozenset[str]
    """Classes of autoscalers with which a Deployment can be made."""
    stops: frozenset[str] = frozenset()
    """Modes in which the annotation ``stop`` takes the workload away."""
    workload_suffix: str
    """What follows the name of the InferenceService in the name of its workload."""
    keeps_old_name: bool = False
    """Whether a workload that is there under the name of 0.10 and before keeps it."""
    canaries: bool = False
    """Whether ``spec.canary[]`` and ``spec.predictor.name`` exist."""
