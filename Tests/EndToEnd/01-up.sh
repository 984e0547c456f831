# From nothing to the demo application's answer.
# shellcheck shell=bash

test_up_starts_a_ready_node() {
    local output
    output=$(apus up --data-dir "$data")
    contains "$output" certificates store "API server" containerd network node DNS "export KUBECONFIG=$KUBECONFIG"
    equal "the node is Ready" True "$(k get nodes -o jsonpath='{.items[0].status.conditions[?(@.type=="Ready")].status}')"
}

test_version_is_1_36() {
    contains "$(k version -o json)" '"gitVersion": "v1.36.3+apus.'
}

test_up_again_changes_nothing() {
    local before after
    before=$(k get nodes -o jsonpath='{.items[0].metadata.uid}')
    contains "$(apus up --data-dir "$data")" "already runs"
    after=$(k get nodes -o jsonpath='{.items[0].metadata.uid}')
    equal "the node is the same" "$before" "$after"
}

test_status_says_what_runs() {
    contains "$(apus status --data-dir "$data")" "API server" containerd node
}

test_logs_of_the_cluster() {
    contains "$(apus logs --data-dir "$data")" "the cluster is up" "node registered"
    contains "$(apus logs --data-dir "$data" containerd --tail 10000)" "containerd successfully booted"
    equal "--tail" 3 "$(apus logs --data-dir "$data" --tail 3 | wc -l)"
    refuses "logs here: apus, containerd" apus logs --data-dir "$data" kubelet
    in_place build/apus logs --data-dir "$data" --follow > "$work/cluster-log" &
    local follower=$!
    k create namespace logged
    k delete namespace logged --timeout=60s
    eventually 10 grep -q "the cluster is up" "$work/cluster-log"
    kill $follower
}

test_demo_application_answers() {
    local output
    output=$(apus demo --data-dir "$data" examples/hello/hello.yaml)
    contains "$output" "http://" "export KUBECONFIG=" "kubectl get pods"
    equal "replicas" 3 "$(k get deployment hello -o jsonpath='{.status.readyReplicas}')"
    contains "$(answers "http://$(k get service hello -o jsonpath='{.spec.clusterIP}')/")" "Hello from hello-"
}

test_files_with_secrets_are_private() {
    local open
    open=$(find "$data/pki" "$data/admin.kubeconfig" "$data/store" \( -name '*.key' -o -name '*.kubeconfig' -o -name '*.db*' \) -perm /077)
    equal "files that others can read" "" "$open"
}

test_no_identity_is_refused() {
    equal "without a certificate" 403 "$(on_node curl -sk -o /dev/null -w '%{http_code}' "https://$node_ip:6443/api/v1/pods")"
    equal "with a made-up token" 401 \
        "$(on_node curl -sk -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer x' "https://$node_ip:6443/api/v1/pods")"
    equal "the kubelet" 401 "$(on_node curl -sk -o /dev/null -w '%{http_code}' "https://$node_ip:10250/pods")"
}
