#!/usr/bin/env bash
# The guide's commands for some services: build, load the image into the node, set it, wait. Usage: guide.sh load|docker-env SERVICE…
# SERVICE is name:tag:context:dockerfile, relative to the current folder. From the environment: MINIKUBE, PROFILE, MINIKUBE_HOME, KUBECONFIG,
# NAMESPACE, PREFIX (of the images' names), BASES (name=image …).
set -euo pipefail
way=$1
shift
export DOCKER_BUILDKIT=0 # the client may be without its plug-in; the node's own builder is the classic one
declare -A base
for entry in $BASES; do base[${entry%%=*}]=${entry#*=}; done

[ "$way" != docker-env ] || eval "$("$MINIKUBE" -p "$PROFILE" docker-env --shell bash)"
for service in "$@"; do
  IFS=: read -r name tag context dockerfile <<<"$service"
  image=$PREFIX/$name:$tag
  docker build --quiet --build-arg "BASE_IMAGE=${base[$name]}" -f "$context/$dockerfile" -t "$image" "$context"
  [ "$way" != load ] || "$MINIKUBE" -p "$PROFILE" image load --daemon "$image"
  kubectl -n "$NAMESPACE" set image "deployment/$name" "*=$image"
  kubectl -n "$NAMESPACE" rollout status "deployment/$name" --timeout=300s
done
