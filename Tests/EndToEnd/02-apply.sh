# Server-side apply and managed fields, with the real kubectl.
# shellcheck shell=bash

# managers OBJECT: who manages fields of it, as manager/operation/subresource.
managers() {
    k -n apply get "$1" -o jsonpath='{range .metadata.managedFields[*]}{.manager}/{.operation}/{.subresource}{"\n"}{end}' | sort | xargs
}

# settings DATA...: a ConfigMap.
settings() { printf '%s\n' 'apiVersion: v1' 'kind: ConfigMap' 'metadata: {name: settings, namespace: apply}' 'data:' "$@"; }

# refused COMMAND...: what a command says that is to fail.
refused() {
    if "$@" 2>&1; then
        echo "should have been refused: $*"
        return 1
    fi
}

applied() { k apply --server-side "$@" -f -; }

test_apply_creates_and_removes() {
    k create namespace apply
    equal created "$(settings '  a: "1"' '  b: "2"' | applied)" "configmap/settings serverside-applied"
    equal managers "kubectl/Apply/" "$(managers configmap/settings)"
    settings '  a: "1"' | applied
    equal data '{"a":"1"}' "$(k -n apply get configmap settings -o jsonpath='{.data}')"
    local before after
    before=$(k -n apply get configmap settings -o jsonpath='{.metadata.resourceVersion}')
    settings '  a: "1"' | applied
    after=$(k -n apply get configmap settings -o jsonpath='{.metadata.resourceVersion}')
    equal "an apply of the same" "$before" "$after"
    settings '  z: "1"' | applied --dry-run=server
    equal data '{"a":"1"}' "$(k -n apply get configmap settings -o jsonpath='{.data}')"
}

test_conflicts() {
    local said
    said=$(settings '  a: "x"' | refused applied --field-manager=other)
    contains "$said" 'conflict with "kubectl": .data.a' --force-conflicts
    settings '  a: "x"' | applied --field-manager=other --force-conflicts
    equal data '{"a":"x"}' "$(k -n apply get configmap settings -o jsonpath='{.data}')"
    equal managers "other/Apply/" "$(managers configmap/settings)"
    k -n apply patch configmap settings --type merge -p '{"data":{"b":"2"}}'
    said=$(settings '  a: "y"' '  b: "y"' | refused applied --field-manager=third)
    contains "$said" 'conflicts with "kubectl-patch" using v1:' '- .data.b' 'conflicts with "other":' '- .data.a'
}

test_diff() {
    local said code=0
    said=$(settings '  a: "x"' '  c: "new"' | k diff --server-side --field-manager=other -f -) || code=$?
    equal "diff's code" 1 "$code"
    contains "$said" '+  c: new'
    settings '  a: "x"' | k diff --server-side --field-manager=other -f -
}

test_managed_fields_are_shown_when_asked_for() {
    if kubectl_since 21; then
        equal hidden 0 "$(k -n apply get configmap settings -o yaml | grep -c managedFields || true)"
        contains "$(k -n apply get configmap settings -o yaml --show-managed-fields)" managedFields 'manager: other' 'f:data:'
    else
        contains "$(k -n apply get configmap settings -o yaml)" managedFields 'manager: other' 'f:data:'
    fi
}

test_deployments() {
    k -n apply create deployment web --image=web --replicas=1
    k -n apply scale deployment web --replicas=0
    contains "$(managers deployment/web)" kubectl-create/Update/ kubectl/Update/scale
    eventually 30 observed web
    contains "$(managers deployment/web)" kube-controller-manager/Update/status
}

# observed NAME: whether the controller has written the deployment's status.
observed() { [ "$(k -n apply get deployment "$1" -o jsonpath='{.status.observedGeneration}')" ]; }

test_status_by_apply() {
    kubectl_since 24 || return 0
    k apply --server-side --subresource=status --field-manager=judge --force-conflicts -f - <<-Y
		apiVersion: apps/v1
		kind: Deployment
		metadata: {name: web, namespace: apply}
		status: {conditions: [{type: Judged, status: "True"}]}
	Y
    contains "$(managers deployment/web)" judge/Apply/status
}

test_from_client_side_to_server_side() {
    local said
    settings '  a: "1"' '  b: "2"' | sed s/settings/moved/ | k apply -f -
    contains "$(managers configmap/moved)" kubectl-client-side-apply/Update/
    settings '  a: "changed"' | sed s/settings/moved/ | applied
    equal data changed "$(k -n apply get configmap moved -o jsonpath='{.data.a}')"
    contains "$(managers configmap/moved)" kubectl/Apply/
    # Since 1.26 kubectl hands over what it managed, and so takes away what is no longer said.
    if kubectl_since 26; then equal data '{"a":"changed"}' "$(k -n apply get configmap moved -o jsonpath='{.data}')"; fi
    # And back: the annotation is kept up to date as long as it is there.
    said=$(k -n apply get configmap moved -o jsonpath='{.metadata.annotations}')
    contains "$said" changed
}

test_apply_is_over() { k delete namespace apply --wait=false; }
