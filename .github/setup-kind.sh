#!/usr/bin/env bash
# Builds the kind that everything here is tested with, into a folder: setup-kind.sh FOLDER. On a runner of GitHub's it also
# sees to the search path and to the limits of inotify, which three nodes exceed.
set -euo pipefail
GOBIN="$1" go install sigs.k8s.io/kind@v0.32.0
if [ -n "${GITHUB_PATH:-}" ]; then
  echo "$1" >> "$GITHUB_PATH"
  sudo sysctl -qw fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512
fi
