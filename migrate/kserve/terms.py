"""The words that KServe uses: groups, kinds, keys, names. The only literals of them.

Each is the same in KServe 0.7, 0.8 and 0.9 (``pkg/constants/constants.go``), unless said
otherwise.
"""

SERVING_VERSION = "serving.kserve.io/v1beta1"
RUNTIME_VERSION = "serving.kserve.io/v1alpha1"
KNATIVE_VERSION = "serving.knative.dev/v1"
APPS_VERSION = "apps/v1"
ADMISSION_VERSION = "admissionregistration.k8s.io/v1"
VALIDATING_WEBHOOKS = "ValidatingWebhookConfiguration"
POLICY_VERSION = "policy/v1"

INFERENCE_SERVICE = "InferenceService"
SERVING_RUNTIME = "ServingRuntime"
CLUSTER_RUNTIME = "ClusterServingRuntime"
RUNTIMES = (SERVING_RUNTIME, CLUSTER_RUNTIME)
KNATIVE_SERVICE = "Service"
DEPLOYMENT = "Deployment"
STATEFUL_SET = "StatefulSet"
DISRUPTION_BUDGET = "PodDisruptionBudget"

CONFIG_MAP = "inferenceservice-config"
PREDICTORS_KEY = "predictors"
DEPLOY_KEY = "deploy"
SERVICE_KEY = "inferenceService"

CONTROLLER_NAMES = frozenset({"kserve-controller-manager", "kfserving-controller-manager"})
"""Workloads of the controller, and their label ``control-plane``: KServe, KFServing before it."""
CONTROLLER_IMAGES = frozenset({"kserve-controller", "kfserving-controller"})
"""The last part of the repository of their image."""

CONTROL_PLANE = "control-plane"
MANAGER_CONTAINER = "manager"

PREDICTOR_CONTAINERS = frozenset({"kserve-container", "kfserving-container"})
"""The container that serves the model: KServe from 0.7 on, KFServing before."""

AUTOSCALER = "serving.kserve.io/autoscalerClass"
DEPLOYMENT_MODE = "serving.kserve.io/deploymentMode"
SERVERLESS = "Serverless"
RAW_DEPLOYMENT = "RawDeployment"
MODEL_MESH = "ModelMesh"
STANDARD = "Standard"
KNATIVE = "Knative"
"""What 0.16 and later call RawDeployment and Serverless."""
DEFAULT_MODE = "defaultDeploymentMode"
DISABLE_AUTO_UPDATE = "serving.kserve.io/disable-auto-update"
STOP = "serving.kserve.io/stop"
MODEL_FORMAT = "modelFormat"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

FINALIZER = "inferenceservice.finalizers"
"""Put on every InferenceService by its first reconcile."""

GPU = "nvidia.com/gpu"
MIG_GPU = "nvidia.com/mig"
GPU_KINDS = "serving.kserve.io/gpu-resource-types"
GPU_SUFFIX = "-gpu"
CPU_SUFFIX = "-cpu"

PROTOCOL_V1 = "v1"
PROTOCOL_V2 = "v2"
PROTOCOL_GRPC_V1 = "grpc-v1"
PROTOCOL_GRPC_V2 = "grpc-v2"

SKLEARN = "sklearn"
XGBOOST = "xgboost"
TENSORFLOW = "tensorflow"
PYTORCH = "pytorch"
TRITON = "triton"
ONNX = "onnx"
PMML = "pmml"
LIGHTGBM = "lightgbm"
PADDLE = "paddle"

HUGGINGFACE = "huggingface"
MLFLOW = "mlflow"
VLLM = "vLLM"

SERVER_TYPE = "serving.kserve.io/server-type"
MLSERVER = "mlserver"
TORCHSERVE = "torchserve"
TRITONSERVER = "tritonserver"
TENSORFLOW_SERVING = "tensorflow-serving"
HUGGINGFACE_SERVER = "huggingfaceserver"
VLLM_SERVER = "vllmserver"
"""Values of server-type that decide something; the runtimes are called kserve-VALUE."""

CONTAINER = "kserve-container"
TRANSFORMER_CONTAINER = "transformer-container"
WORKER_CONTAINER = "worker-container"
MODEL_DIR = "/mnt/models"

FORMATS = (SKLEARN, XGBOOST, TENSORFLOW, PYTORCH, TRITON, ONNX, PMML, LIGHTGBM, PADDLE)
"""The framework fields of ``spec.predictor`` and the entries of ``predictors``, one list.

``huggingface`` came as a field when ``predictors`` had gone.
"""

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
