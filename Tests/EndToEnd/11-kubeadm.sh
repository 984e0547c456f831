# A control plane built the documented way: kubeadm init, a pod network, kubeadm reset.
# shellcheck shell=bash

m=$work/machines
master_ip=$node_ip
worker_ip=$client_ip
kubeadm=$m/bin/kubeadm

# machine NAME NETWORK: a hostname, mounts and folders of its own; lives until its first process is ended.
make_machine() {
    local name=$1 network=$2 folder
    mkdir -p "$m/bin"
    for folder in kubeadm kubelet; do ln -sf "$PWD/build/apus" "$m/bin/$folder"; done
    nsenter --net="/run/netns/$network" unshare --mount --uts --propagation private bash -c '
        set -e
        name=$1 root=$2
        hostname "$name"
        mount --make-rshared /
        for path in etc/kubernetes var/lib/kubelet var/lib/kubeadm var/lib/kube-apiserver var/lib/pod-network etc/cni/net.d var/log/pods run/kube-proxy run/containerd; do
            mkdir -p "/$path" "$root/$path"
            mount --bind "$root/$path" "/$path"
        done
        touch "$root/up"
        exec sleep infinity' machine "$name" "$m/$name" &
    echo $! > "$m/$name.pid"
    mkdir -p "$m/$name"
    eventually 10 test -e "$m/$name/up"
}

on() {
    local name=$1
    shift
    nsenter --target "$(cat "$m/$name.pid")" --mount --net --uts -- "$@"
}

start_runtime() {
    local name=$1
    cat > "$m/$name/containerd.toml" <<-T
		version = 2
		root = "$m/$name/containerd"
		state = "/run/containerd/state"
		[grpc]
		  address = "/run/containerd/containerd.sock"
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "apus.local/pause:0.1.0"
		  netns_mounts_under_state_dir = true
		  restrict_oom_score_adj = true
		  [plugins."io.containerd.grpc.v1.cri".cni]
		    bin_dir = "$(dirname "$(find /usr/lib/cni /opt/cni/bin -name bridge 2>/dev/null | head -n 1)")"
		    conf_dir = "/etc/cni/net.d"
		  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
		    runtime_type = "io.containerd.runc.v2"
	T
    on "$name" containerd --config "$m/$name/containerd.toml" > "$m/$name/containerd.log" 2>&1 &
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
                --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf $KUBELET_KUBEADM_ARGS --cgroup-root="$2"
        done' keep "$m/bin" "/apus-e2e-$id-$name" > "$m/$name/kubelet.log" 2>&1 &
}

ka() { on master kubectl --kubeconfig /etc/kubernetes/admin.conf "$@"; }

test_machines() {
    make_machine master "$node_ns"
    on master sysctl -qw net.ipv4.ip_forward=1
    start_runtime master
    keep_kubelet master
    # Services have addresses that only rules know: the kernel wants a way for them all the same.
    on master ip route add default via $worker_ip
}

test_init_sets_a_control_plane_up() {
    on master "$kubeadm" init --pod-network-cidr=10.244.0.0/16 --apiserver-advertise-address=$master_ip > "$m/init.log" 2>&1 || {
        cat "$m/init.log"
        tail -n 20 "$m/master/kubelet.log"
        return 1
    }
    cat "$m/init.log"
    contains "$(cat "$m/init.log")" '[certs] Generating "ca" certificate and key' '[control-plane] Creating static Pod manifest for "kube-apiserver"' \
        'Your Kubernetes control-plane has initialized successfully!'
    eventually 30 ka get node master
    contains "$(ka get pods -n kube-system)" kube-apiserver-master kube-controller-manager-master kube-scheduler-master
    contains "$(ka get node master)" control-plane NotReady
}

test_the_pod_network_makes_the_node_ready() {
    ka apply -f "$PWD/deploy/podnetwork.yaml"
    ka wait --for=condition=Ready node/master --timeout=90s
    ka wait --for=condition=Available -n kube-system deployment/coredns --timeout=90s
}

test_certificates_are_looked_after() {
    contains "$(on master "$kubeadm" certs check-expiration --apiserver-advertise-address=$master_ip)" apiserver admin.conf 'CERTIFICATE AUTHORITY'
    contains "$(on master "$kubeadm" certs renew admin.conf --apiserver-advertise-address=$master_ip)" 'kubeconfig file admin.conf renewed'
    ka get nodes
}

test_reset_takes_it_back() {
    on master "$kubeadm" reset --force
    [ -z "$(find "$m/master/etc/kubernetes" "$m/master/var/lib/kube-apiserver" -type f)" ]
}
