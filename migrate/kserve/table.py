"""The table of release rules: a row for each minor release in which something changed.

Read in the sources of the releases, below ``pkg/``: ``apis/serving/v1beta1/configmap.go``,
``inference_service_defaults.go``, ``predictor_*.go``; ``apis/serving/v1alpha1``;
``controller/v1beta1/inferenceservice/components/predictor.go`` and ``../utils/utils.go``.
Recorded verdicts of the real controllers hold it to that (``fixtures/verdicts``).
"""

from __future__ import annotations

import msgspec

from migrate.kserve import terms
from migrate.kserve.releases import Release
from migrate.kserve.rules import Overlay, Rules, ServerBy, TagRule, Unset, Wakes

_BY_PROTOCOL = frozenset({terms.SKLEARN, terms.XGBOOST})
_POD_FIELDS = ("nodeSelector", "affinity", "tolerations")
_NONE: frozenset[str] = frozenset()

_0_7 = Rules(
    name="0.7",
    predictors_read=True,
    # configmap.go:72-82 of 0.7.0. The keys of pytorch are called v1 and v2 as well.
    nested=_BY_PROTOCOL | {terms.PYTORCH},
    # The Default methods of predictor_*.go of 0.7.0.
    pins_at_admission=True,
    checks_gpu_suffix=True,
    # addAgentContainerPort in components/component.go of 0.7.0.
    agent_port=True,
    new_services_use_predictors=True,
    instead="",
    unset_protocol=Unset.IGNORED,
    server_by=ServerBy.WEBHOOK,
    overlay=Overlay.JSON,
    pod_fields=_POD_FIELDS,
    tag_rule=TagRule.FIRST_COLON,
    storage_prefixes=("gs://", "s3://", "pvc://", "file://", "https://", "http://"),
    # createAutoscaler in reconcilers/autoscaler/autoscaler_reconciler.go of 0.7.0.
    autoscalers=frozenset({"hpa"}),
    workload_suffix="-predictor-default",
)

_0_8 = msgspec.structs.replace(
    _0_7,
    name="0.8",
    # configmap.go:85 of 0.8.0 has pytorch flat; the released manifests still nest it.
    nested=_BY_PROTOCOL,
    # setPredictorModelDefaults in inference_service_defaults.go of 0.8.0.
    pins_at_admission=False,
    checks_gpu_suffix=False,
    agent_port=False,
    new_services_use_predictors=False,
    instead="services in the model form, and all new ones, take their image from a "
    "ServingRuntime: set the image there",
    converts_on_write=True,
    stores_runtime=True,
    knows_model=True,
    # UpdateImageTag in utils.go of 0.8.0.
    gpu_tag_from_predictors=True,
)

_0_9 = msgspec.structs.replace(
    _0_8,
    name="0.9",
    stores_runtime=False,
    # assignTritonRuntime and assignONNXRuntime in inference_service_defaults.go of 0.9.0.
    v2_frameworks=frozenset({terms.TRITON, terms.ONNX}),
    stores_mode=True,
    # GetSupportingRuntimes in predictor_model.go of 0.9.0.
    unset_protocol=Unset.ANY,
    orders_by_age=True,
    server_by=ServerBy.NAME,
    # component.go:49 of 0.9.0.
    storage_prefixes=(*_0_8.storage_prefixes, "hdfs://", "webhdfs://"),
    overlay=Overlay.STRATEGIC,
    pod_fields=(*_POD_FIELDS, "volumes"),
    tag_rule=TagRule.LAST_TAG,
)

_0_10 = msgspec.structs.replace(
    _0_9,
    name="0.10",
    # configmap.go of 0.10 has no field for the key: a leftover is ignored without a word.
    predictors_read=False,
    nested=_NONE,
    instead="this release does not read predictors: set the image in a ClusterServingRuntime "
    "or, for one namespace, in a ServingRuntime of the same name",
    # AppendEnvVarIfNotExists in inference_service_defaults.go of 0.10.2.
    env_if_absent=True,
    pod_fields=(*_0_9.pod_fields, "imagePullSecrets"),
    runtime_metadata=True,
    gpu_tag_from_predictors=False,
    gpu_suffix=frozenset({terms.TENSORFLOW_SERVING, terms.TORCHSERVE}),
)

_0_11 = msgspec.structs.replace(
    _0_10,
    name="0.11",
    v2_formats=frozenset({terms.TRITON}),
    # GetProtocol and sortSupportedRuntimeByPriority in predictor_model.go of 0.11.2.
    unset_protocol=Unset.V1,
    orders_by_priority=True,
    # ServingRuntimeValidator in pkg/webhook/admission/servingruntime of 0.11.2.
    judges_runtimes=True,
    torchserve_env=True,
    judges_storage=True,
    # components/predictor.go:176-185 of 0.11.2.
    base_by_name=True,
    predictor_metadata=True,
    # components/predictor.go:256-269 of 0.11.2.
    workload_suffix="-predictor",
    keeps_old_name=True,
)

_0_12 = msgspec.structs.replace(
    _0_11,
    name="0.12",
    # validateModelFormatPrioritySame in servingruntime_webhook.go of 0.12.1.
    one_priority=True,
    v2_frameworks=_0_11.v2_frameworks | {terms.HUGGINGFACE},
    knows_huggingface=True,
    storage_prefixes=(*_0_11.storage_prefixes, "oci://"),
    # GetContainer in predictor_custom.go of 0.12.1.
    custom_by_name=True,
    grpc_v2_envelope=True,
    autoscalers=frozenset({"hpa", "external"}),
)

_0_13 = msgspec.structs.replace(_0_12, name="0.13")
_0_14 = msgspec.structs.replace(_0_12, name="0.14")

_0_15 = msgspec.structs.replace(
    _0_14,
    name="0.15",
    uses_workers=True,
    hides_by_config=True,
    storage_prefixes=(*_0_14.storage_prefixes, "hf://"),
    autoscalers=frozenset({"hpa", "external", "none", "keda"}),
    merges_transformer=True,
    # UpdateImageTag in utils.go of 0.15.2.
    gpu_suffix=_0_14.gpu_suffix | {terms.HUGGINGFACE_SERVER},
    # GetDeploymentMode in utils.go of 0.15.2.
    mode_in_status=True,
    reads_old_mode_in_status=True,
    stops=frozenset({terms.KNATIVE}),
)

_0_16 = msgspec.structs.replace(
    _0_15,
    name="0.16",
    # validatePredictor in inference_service_validation.go of 0.16.0.
    refuses_container_name=True,
    reports_runtime=True,
    # clusterServingRuntimeFunc in controller.go of 0.16.0 compares no name.
    edit_wakes=Wakes.EVERYBODY,
    mig_is_gpu=True,
    keeps_digest=True,
    oci_is_local=True,
    standard_words=True,
    # GetDeploymentMode returns the text of the status as it stands until 0.19.
    reads_old_mode_in_status=False,
    may_skip=True,
    stops=frozenset({terms.KNATIVE, terms.STANDARD}),
    # PredictorServiceName without a look at what is there, components/predictor.go:155.
    keeps_old_name=False,
)

_0_17 = msgspec.structs.replace(
    _0_16,
    name="0.17",
    # clusterServingRuntimeFunc in controller.go of 0.17.0.
    edit_wakes=Wakes.USERS,
    stores_model_format=True,
    renames_modes=True,
    # SetRuntimeDefaults in inference_service_defaults.go of 0.17.0.
    server_by=ServerBy.ANNOTATION,
    checks_first=True,
    pod_fields=(*_0_16.pod_fields, "schedulerName"),
    # raw_kube_reconciler.go:177 of 0.17.0: the factory knows no other mode.
    mode_by_annotation=True,
    name_env=True,
    hides_model_format=True,
)

_0_18 = msgspec.structs.replace(_0_17, name="0.18", refuses_pythonpath=True, mp_executor=True)

_0_19 = msgspec.structs.replace(
    _0_18,
    name="0.19",
    # ParseDeploymentMode in utils.go of 0.19.0.
    reads_old_mode_in_status=True,
)

_0_20 = msgspec.structs.replace(
    _0_19,
    name="0.20",
    v2_formats=_0_19.v2_formats | {terms.VLLM},
    # MergeContainerWithPatch in pkg/utils/container_merge.go of 0.20.0.
    one_value=True,
    storage_prefixes=(*_0_19.storage_prefixes, "oci+native://"),
    # UpdateImageTag in utils.go of 0.20.0.
    suffix_by_annotation=True,
    cpu_repository=frozenset({terms.VLLM_SERVER}),
    canaries=True,
)

ROWS = (
    *(_0_7, _0_8, _0_9, _0_10, _0_11, _0_12, _0_13, _0_14),
    *(_0_15, _0_16, _0_17, _0_18, _0_19, _0_20),
)

OLDEST = 7
NEWEST = OLDEST + len(ROWS) - 1
"""The minor releases of the first and the last row, below major release 0."""


def rules_for(release: Release) -> Rules | None:
    """Return the rules of a release; those of the newest row for a release after it.

    None for what came before 0.7, and from 1.0 on: nobody knows.
    """
    if release.major or release.minor < OLDEST:
        return None
    return ROWS[min(release.minor, NEWEST) - OLDEST]


def is_known(release: Release) -> bool:
    """Tell whether the release has a row of its own, or only that of the newest before it."""
    return rules_for(release) is not None and release.minor <= NEWEST
