// Modules of which only files are read (manifests, CRDs, stages); no Go code is built from here.
module kmigrate.dev/testbed/manifests

go 1.26.0

require (
	github.com/kserve/kserve v0.20.0
	istio.io/api v1.24.2
	knative.dev/serving v0.28.0
	sigs.k8s.io/kwok v0.8.0
)
