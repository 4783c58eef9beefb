"""The words that KServe uses: groups, kinds, keys, names. The only literals of them.

Each is the same in KServe 0.7, 0.8 and 0.9 (``pkg/constants/constants.go``), unless said
otherwise.
"""

SERVING_VERSION = "serving.kserve.io/v1beta1"
KNATIVE_VERSION = "serving.knative.dev/v1"
APPS_VERSION = "apps/v1"

INFERENCE_SERVICE = "InferenceService"
KNATIVE_SERVICE = "Service"
DEPLOYMENT = "Deployment"
STATEFUL_SET = "StatefulSet"

CONFIG_MAP = "inferenceservice-config"
PREDICTORS_KEY = "predictors"
DEPLOY_KEY = "deploy"

CONTROLLER_NAMES = frozenset({"kserve-controller-manager", "kfserving-controller-manager"})
"""Workloads of the controller: KServe from 0.7 on, KFServing before."""

MANAGER_CONTAINER = "manager"

PREDICTOR_CONTAINERS = frozenset({"kserve-container", "kfserving-container"})
"""The container that serves the model: KServe from 0.7 on, KFServing before."""

DEPLOYMENT_MODE = "serving.kserve.io/deploymentMode"
SERVERLESS = "Serverless"
RAW_DEPLOYMENT = "RawDeployment"
MODEL_MESH = "ModelMesh"
DEFAULT_MODE = "defaultDeploymentMode"

FINALIZER = "inferenceservice.finalizers"
"""Put on every InferenceService by its first reconcile."""

GPU = "nvidia.com/gpu"
GPU_SUFFIX = "-gpu"

PROTOCOL_V1 = "v1"
PROTOCOL_V2 = "v2"

SKLEARN = "sklearn"
XGBOOST = "xgboost"
TENSORFLOW = "tensorflow"
PYTORCH = "pytorch"
TRITON = "triton"
ONNX = "onnx"
PMML = "pmml"
LIGHTGBM = "lightgbm"
PADDLE = "paddle"

FORMATS = (SKLEARN, XGBOOST, TENSORFLOW, PYTORCH, TRITON, ONNX, PMML, LIGHTGBM, PADDLE)
"""The framework fields of ``spec.predictor`` and the entries of ``predictors``, one list."""

GPU_FORMATS = frozenset({TENSORFLOW, PYTORCH})
"""Formats whose ``defaultGpuImageVersion`` is ever read; the others ignore it."""

IMAGE = "image"
VERSION = "defaultImageVersion"
GPU_VERSION = "defaultGpuImageVersion"
TIMEOUT = "defaultTimeout"
MULTI_MODEL = "multiModelServer"
FRAMEWORKS = "supportedFrameworks"

MANAGED_BY = "app.kubernetes.io/managed-by"
INSTANCE = "app.kubernetes.io/instance"
HELM_RELEASE = "meta.helm.sh/release-name"
ARGOCD_TRACKING_ID = "argocd.argoproj.io/tracking-id"
ARGOCD_INSTANCE = "argocd.argoproj.io/instance"
FLUX_KUSTOMIZATION = "kustomize.toolkit.fluxcd.io/name"
FLUX_RELEASE = "helm.toolkit.fluxcd.io/name"
