# Shared by the end to end tests and scripts/bench: the network, the cluster, kubectl, and waiting. Needs the folder of the project as the current one.
# shellcheck shell=bash

work=$(mktemp -d "${scratch:-/tmp/apus-e2e}.XXXXXX")
id=${work##*.}
# The cluster's network namespace, and one beside it from which clients come. Neither has a way out.
node_ns=apus-$id-node
client_ns=apus-$id-client
node_ip=192.0.2.1
client_ip=192.0.2.2
data=$work/d
export KUBECONFIG=$data/admin.kubeconfig
# All network namespaces of this run, to be taken away at the end.
networks() { ip netns list 2> /dev/null | grep -o "^apus-$id-[^ ]*"; }

make_network() {
    ip netns add "$node_ns"
    ip netns add "$client_ns"
    ip link add "e${id}0" netns "$node_ns" type veth peer name "e${id}1" netns "$client_ns"
    on_node ip address add $node_ip/24 dev "e${id}0"
    on_client ip address add $client_ip/24 dev "e${id}1"
    for side in on_node on_client; do $side ip link set lo up; done
    on_node ip link set "e${id}0" up
    on_client ip link set "e${id}1" up
    on_client ip route add default via $node_ip
}

clean_up() {
    if [ "${KEEP:-}" ]; then
        echo "kept: $work, namespaces $node_ns and $client_ns"
        return
    fi
    [ -d "$data" ] && on_node build/apus down --data-dir "$data" > "$work/down.log" 2>&1
    for lab in "$work"/labs/*/; do
        [ -d "$lab" ] && on_node build/apus lab down --data-dir "$work/labs" --name "$(basename "$lab")" >> "$work/down.log" 2>&1
    done
    [ -n "${registry_pid:-}" ] && kill "$registry_pid" 2>/dev/null
    # What a test left running in our namespaces would keep them alive.
    for namespace in $(networks); do
        ip netns pids "$namespace" 2>/dev/null | xargs -r kill 2>/dev/null
    done
    sweep
    mountpoint -q "$work/disk" && umount "$work/disk"
    for namespace in $(networks); do ip netns delete "$namespace" 2>/dev/null; done
    rm -rf "$work"
}

# Takes away what components that were started by themselves leave behind them: they bear the test's id.
sweep() {
    local namespace
    find /sys/fs/cgroup -type d -path "*/apus-e2e-$id*" -exec cat {}/cgroup.procs \; 2>/dev/null | sort -u | xargs -r kill -9 2>/dev/null
    for namespace in $(networks); do
        ip netns pids "$namespace" 2>/dev/null | xargs -r kill -9 2>/dev/null
    done
    sleep 0.3
    find /sys/fs/cgroup -depth -type d -path "*/apus-e2e-$id*" -exec rmdir {} \; 2>/dev/null
    grep -o " $work[^ ]*" /proc/mounts | sort -r | xargs -r umount -l 2>/dev/null
    return 0
}

# Runs a command in the cluster's network, or beside it.
on_node() { nsenter --net="/run/netns/$node_ns" "$@"; }
on_client() { nsenter --net="/run/netns/$client_ns" "$@"; }

# In the cluster's network in place of this shell: with & its number is the command's own, so that killing it leaves nothing behind.
in_place() { exec nsenter --net="/run/netns/$node_ns" "$@"; }

apus() { on_node build/apus "$@"; }
# What it keeps of one cluster is not for the next.
k() { on_node kubectl --cache-dir="$work/kube-cache" "$@"; }

# covered OTHER:PLACE... -- COMMAND...: runs a command on the node that sees another file in each place.
covered() {
    # shellcheck disable=SC2016
    on_node unshare --mount bash -c 'while [ "$1" != -- ]; do mount --bind "${1%%:*}" "${1#*:}" || exit; shift; done; shift; exec "$@"' _ "$@"
}

# kubectl_since MINOR: Debian's own kubectl is 1.20, which has not all commands of today.
kubectl_since() {
    local minor
    minor=$(kubectl version --client -o json | grep -o '"minor": "[0-9]*' | grep -o '[0-9]*$')
    [ "${minor:-0}" -ge "$1" ]
}

# eventually SECONDS COMMAND...: until the command succeeds.
eventually() {
    local end=$((SECONDS + $1)) output
    shift
    until output=$("$@" 2>&1); do
        if [ $SECONDS -ge $end ]; then
            echo "not within the time: $*"
            echo "$output"
            return 1
        fi
        sleep 0.1
    done
}

# equal WHAT EXPECTED ACTUAL
equal() {
    [ "$2" = "$3" ] || { echo "$1: expected «$2», got «$3»"; return 1; }
}

# skip WHY...: ends the test, which has nothing to test with here.
skip() {
    echo "$*"
    exit 77
}

# contains TEXT PART...: every part is in the text.
contains() {
    local text=$1
    shift
    for part in "$@"; do
        case $text in
            *"$part"*) ;;
            *) echo "«$part» is not in: $text"; return 1 ;;
        esac
    done
}

# refuses PART COMMAND...: the command fails and says so in words that contain the part.
refuses() {
    local part=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "should have been refused: $*"
        return 1
    fi
    contains "$output" "$part"
}

# keeps_secrets FOLDER WORD...: what a cluster has written in the folder keeps tokens, private keys and these words to itself. The words, and what
# they look like in a Secret, are in no log, whoever may read it, and in no file that others can read; nor are they on a command line or in the
# surroundings of a process of ours.
keeps_secrets() {
    local folder=$1 words=(-e eyJhbGciOi -e 'PRIVATE KEY') word pid found
    shift
    for word in "$@"; do words+=(-e "$word" -e "$(printf %s "$word" | base64 -w0 | sed 's/=*$//')"); done
    # Anybody else on the machine looks. The images of pods are public.
    chmod 755 "$work"
    found=$(cd / && setpriv --reuid 65534 --regid 65534 --clear-groups grep -rlsF "${words[@]}" --exclude-dir=io.containerd.snapshotter.v1.overlayfs \
        --exclude-dir=io.containerd.content.v1.content --exclude-dir=registry "$folder" || true)
    equal "secrets that anybody can read" "" "$found"
    found=$(find "$folder" -xdev -type f \( -name '*.log' -o -name '*.log[.-]*' -o -path '*/logs/*' -o -path '*/run/*' \) -not -path '*/io.containerd.*' \
        -exec grep -lF "${words[@]}" {} + || true)
    equal "logs with secrets" "" "$found"
    # Not every file of settings is a kubeconfig.
    found=$(find "$folder" -xdev -type f \( -name '*.key' -o -name '*.pem' -o -name '*kubeconfig' -o -name '*.conf' -o -name '*.db*' -o -name token \) \
        -not -path '*/io.containerd.*' -perm /077 \
        \( -not -name '*.conf' -o -exec grep -qE 'client-key|token:|password:' {} \; \) -print)
    equal "files that others can open" "" "$found"
    for pid in $(for namespace in $(networks); do ip netns pids "$namespace"; done); do
        case $(readlink "/proc/$pid/exe" || true) in
            */apus | */etcd | */containerd | */containerd-shim*)
                found=$(cat "/proc/$pid/cmdline" "/proc/$pid/environ" 2> /dev/null | tr '\0' '\n' | grep -cF "${words[@]}" || true)
                equal "secrets on the command line or in the environment of process $pid" 0 "${found:-0}"
                ;;
        esac
    done
}

answers() { on_node curl -sf --max-time 2 "$1"; }

# runtime_file FOLDER STATE SOCKET PAUSE NETWORKS: a configuration for a containerd that shares nothing with others.
runtime_file() {
    cat <<-T
		version = 2
		root = "$1"
		state = "$2"
		[grpc]
		  address = "$3"
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "$4"
		  netns_mounts_under_state_dir = true
		  restrict_oom_score_adj = true
		  [plugins."io.containerd.grpc.v1.cri".cni]
		    bin_dir = "$(dirname "$(find /usr/lib/cni /opt/cni/bin -name bridge 2>/dev/null | head -n 1)")"
		    conf_dir = "$5"
		  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
		    runtime_type = "io.containerd.runc.v2"
		    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
		      Root = "$2/runc"
	T
}
