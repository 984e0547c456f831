# A cluster built the documented way, on two machines that share a link: kubeadm init, a pod network, kubeadm join, kubeadm reset.
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
    make_machine worknode1 "$client_ns"
    for name in master worknode1; do
        on $name sysctl -qw net.ipv4.ip_forward=1
        start_runtime $name
        keep_kubelet $name
    done
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
        'Your Kubernetes control-plane has initialized successfully!' 'kubeadm join 192.0.2.1:6443 --token' '--discovery-token-ca-cert-hash sha256:'
    ka wait --for=create node/master --timeout=30s
    contains "$(ka get pods -n kube-system)" kube-apiserver-master kube-controller-manager-master kube-scheduler-master
    contains "$(ka get node master)" control-plane NotReady
}

test_the_pod_network_makes_the_node_ready() {
    ka apply -f "$PWD/deploy/podnetwork.yaml"
    ka wait --for=condition=Ready node/master --timeout=90s
    ka wait --for=condition=Available -n kube-system deployment/coredns --timeout=90s
}

test_a_wrong_token_or_digest_is_named() {
    local hash
    hash=$(grep -o 'sha256:[0-9a-f]*' "$m/init.log" | head -n 1)
    refuses "is not signed by this token" on worknode1 "$kubeadm" join $master_ip:6443 --discovery-token-ca-cert-hash "$hash" \
        --token "$(token | cut -d . -f 1).0000000000000000"
    refuses "which is none of --discovery-token-ca-cert-hash" on worknode1 "$kubeadm" join $master_ip:6443 --token "$(token)" \
        --discovery-token-ca-cert-hash "sha256:$(printf '0%.0s' $(seq 64))"
}

token() { grep -o 'token [a-z0-9]*\.[a-z0-9]*' "$m/init.log" | head -n 1 | cut -d ' ' -f 2; }

test_join_makes_a_worker() {
    local hash
    hash=$(grep -o 'sha256:[0-9a-f]*' "$m/init.log" | head -n 1)
    on worknode1 "$kubeadm" join $master_ip:6443 --token "$(token)" --discovery-token-ca-cert-hash "$hash" > "$m/join.log" 2>&1 || {
        cat "$m/join.log"
        tail -n 20 "$m/worknode1/kubelet.log"
        return 1
    }
    contains "$(cat "$m/join.log")" "This node has joined the cluster"
    ka wait --for=condition=Ready node/worknode1 --timeout=90s
}

test_pods_reach_each_other_across_machines() {
    ka create deployment web --image="$(ka get -n kube-system daemonset kube-proxy -o jsonpath='{.spec.template.spec.containers[0].image}')" \
        --replicas=2 -- /usr/bin/apus hello
    ka expose deployment web --port=80 --target-port=8080
    ka rollout status deployment web --timeout=90s
    local address
    address=$(ka get service web -o jsonpath='{.spec.clusterIP}')
    eventually 30 on master curl -sf --max-time 2 "http://$address/"
    ka logs deployment/web > /dev/null
}

test_reset_takes_it_back() {
    on worknode1 "$kubeadm" reset --force
    [ -z "$(ls -A "$m/worknode1/etc/kubernetes" | grep -v '^pki$\|^manifests$')" ]
}
