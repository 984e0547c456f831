# Nothing is left.
# shellcheck shell=bash

test_down_removes_everything() {
    apus down --data-dir "$data"
    [ ! -e "$data" ]
    equal "links" "" "$(on_node ip -o link | awk '{print $2}' | grep -E '^(apus|veth|vxlan)' || true)"
    equal "rules" "" "$(on_node nft list tables)"
    equal "mounts" "" "$(grep "$data" /proc/self/mounts || true)"
    equal "processes" "" "$(pgrep -f "$data" || true)"
    equal "cgroups" "" "$(find /sys/fs/cgroup -maxdepth 3 -name "apus${data//\//-}" 2>/dev/null)"
    equal "network namespaces of pods" "" "$(ip netns list | grep cni- || true)"
}

test_down_again_says_so() {
    contains "$(apus down --data-dir "$data")" "no cluster"
}
