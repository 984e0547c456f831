# The whole cluster in one process takes the API server's flags of who may do what.
# shellcheck shell=bash

test_flags_that_the_server_sees_to_itself_are_refused() {
    refuses "the server sees to that itself" apus server --data-dir "$data" --kube-apiserver-arg=etcd-prefix=/x
    refuses "the server sees to that itself" apus server --data-dir "$data" --kube-apiserver-arg=service-account-key-file=/x
    refuses "unknown flag: --audit-log-pth; the nearest is --audit-log-path" apus server --data-dir "$data" --kube-apiserver-arg=audit-log-pth=/x
}

test_up_with_flags_of_the_api_server() {
    printf 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata, resources: [{group: "", resources: [configmaps]}]}]\n' > "$work/audit.yaml"
    cat > "$work/encryption.yaml" <<-Y
		apiVersion: apiserver.config.k8s.io/v1
		kind: EncryptionConfiguration
		resources: [{resources: [secrets], providers: [{secretbox: {keys: [{name: one, secret: "$(head -c 32 /dev/urandom | base64)"}]}}]}]
	Y
    apus up --data-dir "$data" --kube-apiserver-arg=audit-policy-file="$work/audit.yaml" --kube-apiserver-arg=audit-log-path="$work/audit.log" \
        --kube-apiserver-arg=encryption-provider-config="$work/encryption.yaml" --service-account-token-secrets
    k create configmap recorded --from-literal=a=b
    contains "$(grep '"verb":"create"' "$work/audit.log" | grep '"namespace":"default"' | grep kubernetes-admin)" '"code":201' '"resource":"configmaps"'
    k create secret generic hidden --from-literal=k=e2e-hidden-value
    ! grep -rq "$(printf e2e-hidden-value | base64)" "$data"
    grep -rq k8s:enc:secretbox:v1:one: "$data"
    eventually 15 account_has_a_token
    # What a cluster in one process begins with stays as it was.
    contains "$(k get --raw /readyz?verbose)" "readyz check passed"
    refuses "is not allowed to modify" k annotate node --all a=b --as system:node:x --as-group system:nodes --as-group system:masters
    apus down --data-dir "$data"
}

account_has_a_token() { k get serviceaccount default -o jsonpath='{.secrets[0].name}' | grep -q default-token-; }
