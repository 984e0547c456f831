# Nothing is left.
# shellcheck shell=bash

test_down_removes_everything() {
    # Sessions that nobody ends must not hold it up.
    in_place kubectl port-forward service/hello 18081:80 > "$work/forward" &
    local sessions=$! began
    eventually 10 answers http://127.0.0.1:18081/
    in_place kubectl exec "$(k get pods -l app=hello -o name | head -n 1)" -- /usr/bin/apus hello --port 9999 > "$work/session" 2>&1 &
    sessions="$sessions $!"
    eventually 10 second_hello_answers
    began=$SECONDS
    apus down --data-dir "$data"
    [ $((SECONDS - began)) -lt 15 ]
    # shellcheck disable=SC2086
    wait $sessions || true
    [ ! -e "$data" ]
    equal "links" "" "$(on_node ip -o link | awk '{print $2}' | grep -E '^(apus|veth|vxlan)' || true)"
    equal "rules" "" "$(on_node nft list tables)"
    equal "mounts" "" "$(grep "$data" /proc/self/mounts || true)"
    equal "processes" "" "$(pgrep -f "$data" || true)"
    equal "cgroups" "" "$(find /sys/fs/cgroup -maxdepth 3 -name "apus${data//\//-}" 2>/dev/null)"
    equal "network namespaces of pods" "" "$(ip netns list | grep cni- || true)"
}

second_hello_answers() {
    answers "http://$(k get pods -l app=hello -o jsonpath='{.items[0].status.podIP}'):9999/"
}

test_down_again_says_so() {
    contains "$(apus down --data-dir "$data")" "no cluster"
}
