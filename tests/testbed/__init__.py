"""A real Kubernetes control plane with the real KServe controllers, on loopback. Linux only.

Real: etcd, the API server, the controller manager, the scheduler, the KServe managers and
webhooks of each release, and on request Knative Serving's controllers, all built from published
Go modules. Simulated: nodes and pods (kwok says that a container runs; none does) and Knative's
ingress, so no model is loaded and no traffic flows.
"""
