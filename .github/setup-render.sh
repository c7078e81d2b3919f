#!/usr/bin/env bash
# Builds the kustomize and the helm that manifests are tested with, into a folder: setup-render.sh FOLDER. One that is there already
# is not built; helm takes two to three minutes on two cores, and 800 MB of Go's cache.
set -euo pipefail
export GOBIN="$1"
command -v kustomize >/dev/null || go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1
command -v helm >/dev/null || go install helm.sh/helm/v3/cmd/helm@v3.20.2
