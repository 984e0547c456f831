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
    local server
    server=$(cut -d ' ' -f 1 "$data/run/apus.pid")
    refuses "--secure-port: port 6443 is in use by apus (process $server): end it, or choose another port with --secure-port" \
        apus up --data-dir "$work/second"
    refuses "--kubelet-port: port 5000 is in use by docker-registry (process " \
        apus up --data-dir "$work/second" --secure-port 7443 --kubelet-port 5000
    apus down --data-dir "$work/second"
}

test_no_root() {
    cp build/apus "$work/apus"
    chmod 755 "$work" "$work/apus"
    for command in up server down; do
        refuses "apus $command must run as root" setpriv --reuid 65534 --regid 65534 --clear-groups "$work/apus" "$command" --data-dir /tmp/nowhere
    done
    [ ! -e /tmp/nowhere ]
}

test_no_containerd() {
    local program
    for program in containerd runc; do
        refuses "the program $program is missing: apt-get install $program" \
            covered "/dev/null:$(readlink -f "$(command -v $program)")" -- build/apus up --data-dir "$work/second"
    done
    refuses "--container-runtime-endpoint /run/no.sock: there is no such socket" \
        apus up --data-dir "$work/second" --container-runtime-endpoint /run/no.sock
    apus down --data-dir "$work/second"
}

test_swap_on() {
    printf 'Filename\tType\tSize\tUsed\tPriority\n/dev/swap\tpartition\t1\t0\t-2\n' > "$work/swaps"
    refuses "swap is on, and --fail-swap-on was given: turn it off with swapoff -a" \
        covered "$work/swaps:/proc/swaps" -- build/apus up --data-dir "$work/second" --fail-swap-on
    apus down --data-dir "$work/second"
}

test_addresses_that_lead_two_ways() {
    refuses "the ranges of services and pods overlap" apus up --data-dir "$work/second" --cluster-cidr 10.100.0.0/16
    refuses "the node's address $node_ip lies in the range of services, 192.0.2.0/24" \
        apus up --data-dir "$work/second" --service-cluster-ip-range 192.0.2.0/24 --cluster-dns 192.0.2.10
    refuses "the node's address $node_ip lies in the range of pods, 192.0.0.0/16" apus up --data-dir "$work/second" --cluster-cidr 192.0.0.0/16
    refuses "--cluster-dns 10.96.0.10 must be an address of the service range 10.200.0.0/16" \
        apus up --data-dir "$work/second" --service-cluster-ip-range 10.200.0.0/16
    [ ! -e "$work/second" ]
}
