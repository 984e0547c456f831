# A machine without room or with a runtime that does not start. Each test brings its own cluster.
# shellcheck shell=bash

test_containerd_that_does_not_start() {
    printf '#!/bin/sh\necho "broken by the test" >&2\nexit 3\n' > "$work/containerd"
    printf 'Filename\tType\tSize\tUsed\tPriority\n/dev/swap\tpartition\t1\t0\t-2\n' > "$work/swaps"
    chmod 755 "$work/containerd"
    local output
    output=$(covered "$work/containerd:$(readlink -f "$(command -v containerd)")" "$work/swaps:/proc/swaps" -- \
        build/apus up --data-dir "$work/broken" 2>&1) && return 1
    contains "$output" "containerd ended at its start with exit code 3: broken by the test" "$work/broken/logs/containerd.log" \
        "apus down --data-dir $work/broken"
    # Swap alone is no obstacle, but it is said.
    contains "$output" "swap is on"
    apus down --data-dir "$work/broken"
    [ ! -e "$work/broken" ]
}

test_up_without_room_says_so() {
    mkdir -p "$work/disk"
    mount -t tmpfs -o size=16m tmpfs "$work/disk"
    refuses "are free for $work/disk/d, and 256 MiB are needed: free some space there, or choose another folder with --data-dir" \
        apus up --data-dir "$work/disk/d"
    [ ! -e "$work/disk/d" ]
    umount "$work/disk"
}

test_a_full_disk_refuses_writes_and_loses_nothing() {
    local full=$work/disk/d number=0 server
    mount -t tmpfs -o size=2g tmpfs "$work/disk"
    apus up --data-dir "$full"
    full_kubectl() { on_node kubectl --kubeconfig "$full/admin.kubeconfig" "$@"; }
    server=$(cut -d ' ' -f 1 "$full/run/apus.pid")
    full_kubectl run steady --image=apus.local/hello:0.1.0
    full_kubectl wait --for=condition=Ready pod/steady --timeout=60s
    head -c 100000 /dev/zero | tr '\0' x > "$work/large"
    : > "$work/kept"

    cat /dev/zero > "$work/disk/ballast" 2>/dev/null || true
    # The store has some room of its own to use up.
    while full_kubectl create configmap "kept-$number" --from-file="$work/large" > "$work/refused" 2>&1; do
        echo "kept-$number" >> "$work/kept"
        number=$((number + 1))
        [ $number -lt 200 ]
    done
    contains "$(cat "$work/refused")" "no space left to write to the store" "writes succeed again as soon as there is space"
    full_kubectl get pod steady
    refuses "not found" full_kubectl get configmap "kept-$number"
    answers "http://$(full_kubectl get pod steady -o jsonpath='{.status.podIP}'):8080/"
    while read -r name; do full_kubectl get configmap "$name" -o name; done < "$work/kept"

    rm "$work/disk/ballast"
    eventually 10 full_kubectl create configmap after --from-literal=a=b
    full_kubectl run later --image=apus.local/hello:0.1.0
    full_kubectl wait --for=condition=Ready pod/steady pod/later --timeout=60s
    equal "the same server" "$server" "$(cut -d ' ' -f 1 "$full/run/apus.pid")"

    kill -9 "$server"
    apus up --data-dir "$full"
    while read -r name; do full_kubectl get configmap "$name" -o name; done < "$work/kept"
    full_kubectl get configmap after
    apus down --data-dir "$full"
    [ ! -e "$full" ]
    umount "$work/disk"
}
