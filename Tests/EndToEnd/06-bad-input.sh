# What is wrong is said, by name, with the way out.
# shellcheck shell=bash

test_bad_manifests() {
    printf 'apiVersion: v1\nkind: Pod\nmetadata: [\n' > "$work/bad.yaml"
    refuses "error" k apply -f "$work/bad.yaml"
    local unknown='unknown field "spec.replica"' validate=strict
    kubectl_since 25 || unknown='unknown field "replica"' validate=true
    refuses "$unknown" k apply --validate=$validate -f - <<< '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"},"spec":{"replica":1,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}'
    refuses "must be no more than 253" k create configmap "$(printf 'x%.0s' $(seq 300))"
    refuses 'namespaces "nowhere" not found' k -n nowhere create configmap x
    refuses "spec.containers[0].image" k apply --validate=false -f - <<< '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"containers":[{"name":"c"}]}}'
}

test_a_port_in_use() {
    refuses "6443" apus up --data-dir "$work/second"
    apus down --data-dir "$work/second"
}

test_no_root() {
    cp build/apus "$work/apus"
    chmod 755 "$work" "$work/apus"
    refuses "root" setpriv --reuid 65534 --regid 65534 --clear-groups "$work/apus" up --data-dir /tmp/nowhere
}
