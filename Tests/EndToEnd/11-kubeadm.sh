# A control plane built the documented way: kubeadm init, a pod network, kubeadm reset.
# shellcheck shell=bash

. "$here/machines.sh"
master_ip=$node_ip
worker_ip=$client_ip

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
    ka apply -f "$m/podnetwork.yaml"
    ka wait --for=condition=Ready node/master --timeout=90s
    ka wait --for=condition=Available -n kube-system deployment/coredns --timeout=90s
}

test_certificates_are_looked_after() {
    contains "$(on master "$kubeadm" certs check-expiration --apiserver-advertise-address=$master_ip)" apiserver admin.conf 'CERTIFICATE AUTHORITY'
    contains "$(on master "$kubeadm" certs renew admin.conf --apiserver-advertise-address=$master_ip)" 'kubeconfig file admin.conf renewed'
    ka get nodes
}

test_a_kubeconfig_for_somebody_else() {
    on master "$kubeadm" kubeconfig user --client-name=ann --org=team > "$m/master/root/ann.conf"
    refuses 'User "ann" cannot list resource "nodes"' on master kubectl --kubeconfig /root/ann.conf get nodes
    ka create clusterrolebinding team --clusterrole=view --group=team
    eventually 10 on master kubectl --kubeconfig /root/ann.conf get pods -n kube-system
    on master "$kubeadm" kubeconfig user --client-name=bob --token=no-token > "$m/master/root/bob.conf"
    refuses "must be logged in" on master kubectl --kubeconfig /root/bob.conf get nodes
}

# The cluster as an older version would have left it.
test_upgrade_brings_the_control_plane_to_this_version() {
    local image old=apus.local/kubernetes:v1.36.2-old before
    contains "$(on master "$kubeadm" upgrade plan)" "has the version"
    image=$(ka get pod -n kube-system kube-scheduler-master -o jsonpath='{.spec.containers[0].image}')
    on master ctr -n k8s.io images tag "$image" $old
    sed -i "s|$image|$old|" "$m"/master/etc/kubernetes/manifests/kube-scheduler.yaml
    ka get configmap -n kube-system kubeadm-config -o yaml | sed 's/v1.36.3/v1.36.2/' | ka apply -f -
    eventually 60 has_image $old
    contains "$(on master "$kubeadm" upgrade plan)" "kube-scheduler   master   v1.36.2-old" "kubeadm upgrade apply v1.36.3"
    before=$(ka get pod -n kube-system kube-apiserver-master -o jsonpath='{.metadata.annotations.kubernetes\.io/config\.hash}')
    refuses "upgrades only to that" on master "$kubeadm" upgrade apply v1.37.0 -y
    on master "$kubeadm" upgrade apply v1.36.3 -y | tee "$m/upgrade.log"
    contains "$(cat "$m/upgrade.log")" 'Component "kube-scheduler" upgraded successfully!' 'manifests of kube-apiserver are equal' SUCCESS
    has_image "$image"
    equal "the API server goes on" "$before" "$(ka get pod -n kube-system kube-apiserver-master -o jsonpath='{.metadata.annotations.kubernetes\.io/config\.hash}')"
    contains "$(ka get configmap -n kube-system kubeadm-config -o yaml)" v1.36.3
    on master "$kubeadm" upgrade node
    ka wait --for=condition=Ready node/master --timeout=60s
}

has_image() { [ "$(ka get pod -n kube-system kube-scheduler-master -o jsonpath='{.spec.containers[0].image}')" = "$1" ]; }

test_reset_takes_it_back() {
    on master "$kubeadm" reset --force
    [ -z "$(find "$m/master/etc/kubernetes" "$m/master/var/lib/kube-apiserver" -type f)" ]
}
