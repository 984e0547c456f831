# Machines for the tests of kubeadm: namespaces with a hostname, mounts and folders of their own, and what the service manager would do on them.
# shellcheck shell=bash

m=$work/machines
kubeadm=$m/bin/kubeadm
# The folders that a machine has for itself.
own_folders="etc/kubernetes etc/cni/net.d var/lib/kubelet var/lib/kubeadm var/lib/kube-apiserver var/lib/pod-network var/lib/cni var/log/pods
    run/kube-proxy run/containerd root"

# make_machine NAME NETWORK: lives until its first process is ended.
make_machine() {
    local name=$1 network=$2 program
    mkdir -p "$m/bin" "$m/$name/etc"
    # The project's folder may be one that machines have for themselves.
    [ -e "$m/bin/apus" ] || cp build/apus "$m/bin/apus"
    cp deploy/podnetwork.yaml "$m/"
    for program in kubeadm kubelet; do ln -sf apus "$m/bin/$program"; done
    cp /etc/hosts "$m/$name/etc/hosts"
    tr -d - < /proc/sys/kernel/random/uuid > "$m/$name/etc/machine-id"
    nsenter --net="/run/netns/$network" unshare --mount --uts --propagation private bash -c '
        set -e
        name=$1 root=$2
        hostname "$name"
        mount --make-rshared /
        for path in $3; do
            mkdir -p "/$path" "$root/$path"
            mount --bind "$root/$path" "/$path"
        done
        # Not every system has both.
        for file in hosts machine-id; do [ ! -e "/etc/$file" ] || mount --bind "$root/etc/$file" "/etc/$file"; done
        touch "$root/up"
        exec sleep infinity' machine "$name" "$m/$name" "$own_folders" &
    echo $! > "$m/$name.pid"
    eventually 10 test -e "$m/$name/up"
}

on() {
    local name=$1
    shift
    nsenter --target "$(cat "$m/$name.pid")" --mount --net --uts -- "$@"
}

start_runtime() {
    local name=$1
    runtime_file "$m/$name/containerd" /run/containerd/state /run/containerd/containerd.sock apus.local/pause:0.1.0 /etc/cni/net.d \
        > "$m/$name/containerd.toml"
    on "$name" containerd --config "$m/$name/containerd.toml" >> "$m/$name/containerd.log" 2>&1 &
    eventually 10 on "$name" test -S /run/containerd/containerd.sock
}

# What the service manager does on a machine that has one: starts the kubelet as soon as it is configured, and again when it ends.
keep_kubelet() {
    local name=$1
    # shellcheck disable=SC2016
    on "$name" bash -c '
        while sleep 0.2; do
            [ -e /var/lib/kubelet/config.yaml ] || continue
            . /var/lib/kubelet/kubeadm-flags.env
            "$1/kubelet" --config=/var/lib/kubelet/config.yaml --kubeconfig=/etc/kubernetes/kubelet.conf \
                --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf $KUBELET_KUBEADM_ARGS --cgroup-root="$2" &
            echo $! > "$3"
            wait $!
        done' keep "$m/bin" "/apus-e2e-$id-$name" "$m/$name.kubelet" >> "$m/$name/kubelet.log" 2>&1 &
}

# The keeper starts it again.
restart_kubelet() { kill "$(cat "$m/$1.kubelet")"; }

# crash NAME: everything that runs on the machine ends at once, and its network is as after a start.
crash() {
    local name=$1 network=apus-$id-$1
    # Some end with others, before it is their turn.
    ip netns pids "$network" | grep -vx "$(cat "$m/$name.pid")" | xargs -r kill -9 || true
    find /sys/fs/cgroup -type d -path "*/apus-e2e-$id-$name*" -exec cat {}/cgroup.procs \; 2>/dev/null | sort -u | xargs -r kill -9 || true
    eventually 10 nothing_runs "$network" "$(cat "$m/$name.pid")"
    on "$name" bash -c 'grep -oE " (/run/containerd|/var/lib/kubelet)/[^ ]*" /proc/mounts | sort -r | xargs -r umount -l'
    on "$name" bash -c 'rm -rf /run/containerd/* /run/kube-proxy/*'
    on "$name" bash -c 'nft flush ruleset; for link in apus0 apus-vxlan; do ip link delete dev $link; done' 2> /dev/null || true
}

nothing_runs() { [ -z "$(ip netns pids "$1" | grep -vx "$2")" ]; }

# make_switch NAME:ADDRESS...: a network namespace for each machine on one link, 10.0.2.0/24; the switch itself is 10.0.2.1.
make_switch() {
    local machine name number=0
    ip netns add "apus-$id-switch"
    nsenter --net="/run/netns/apus-$id-switch" ip link add lan type bridge
    nsenter --net="/run/netns/apus-$id-switch" ip address add 10.0.2.1/24 dev lan
    nsenter --net="/run/netns/apus-$id-switch" ip link set lan up
    for machine in "$@"; do
        name=apus-$id-${machine%%:*}
        number=$((number + 1))
        ip netns add "$name"
        ip link add "p$number" netns "apus-$id-switch" type veth peer name eth0 netns "$name"
        nsenter --net="/run/netns/apus-$id-switch" ip link set "p$number" master lan up
        nsenter --net="/run/netns/$name" ip link set lo up
        nsenter --net="/run/netns/$name" ip address add "${machine#*:}/24" dev eth0
        nsenter --net="/run/netns/$name" ip link set eth0 up
        # Services have addresses that only rules know: the kernel wants a way for them all the same.
        nsenter --net="/run/netns/$name" ip route add default via 10.0.2.1
        nsenter --net="/run/netns/$name" sysctl -qw net.ipv4.ip_forward=1
    done
}
