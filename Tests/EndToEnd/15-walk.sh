# The documented walk on three machines of a lab: packages, kubeadm init, kubeadm join, a pod network, an application, machines that fail.
# shellcheck shell=bash

. "$here/labs.sh"
lab_name=walk

kw() { at Master kubectl "$@"; }

test_walk_packages_are_installed_on_bare_machines() {
    PACKAGE_COMPRESSION=none scripts/build-packages "$work/packages"
    lab up --bare
    for machine in $machines; do
        tar -C "$work/packages" -c . | at "$machine" tar -C /tmp -x
        at "$machine" sh -c 'apt-get install -y --no-install-recommends -o Dpkg::Use-Pty=0 /tmp/*.deb && rm /tmp/*.deb'
        # As the documentation has it, to be kept at the next start, too.
        at "$machine" sh -c 'echo net.ipv4.ip_forward=1 > /etc/sysctl.d/k8s.conf && sysctl -q -p /etc/sysctl.d/k8s.conf'
    done
}

test_walk_kubeadm_init() {
    at Master kubeadm init --pod-network-cidr=10.244.0.0/16 --apiserver-advertise-address=10.0.2.15 > "$work/init.log" 2>&1 || {
        cat "$work/init.log"
        return 1
    }
    contains "$(cat "$work/init.log")" "Your Kubernetes control-plane has initialized successfully!" "kubeadm join 10.0.2.15:6443"
    # What it says to do next, word for word.
    at Master sh -c 'mkdir -p $HOME/.kube; cp -i /etc/kubernetes/admin.conf $HOME/.kube/config; chown $(id -u):$(id -g) $HOME/.kube/config'
    contains "$(kw get nodes)" NotReady control-plane
}

test_walk_workers_join_by_the_line_that_init_has_printed() {
    sed -n '/^kubeadm join/,$p' "$work/init.log" > "$work/join.sh"
    for machine in WorkNode1 WorkNode2; do
        at "$machine" sh -s < "$work/join.sh" > "$work/join.log" 2>&1 || { cat "$work/join.log"; return 1; }
        contains "$(cat "$work/join.log")" "This node has joined the cluster"
    done
    eventually 30 kw get node worknode1 worknode2
    contains "$(kw describe node worknode1)" "cni plugin not initialized"
}

test_walk_a_pod_network_makes_them_ready() {
    kw apply -f /usr/share/apus/podnetwork.yaml
    kw wait --for=condition=Ready node --all --timeout=90s
    kw wait --for=condition=Available -n kube-system deployment/coredns --timeout=90s
}

test_walk_an_application_on_both_workers() {
    local root=$work/web layout=$work/web.oci ip
    mkdir -p "$root/bin" "$root/www"
    cp /bin/busybox "$root/bin/"
    pack "$root" "$layout:1"
    for machine in WorkNode1 WorkNode2; do
        tar -C "$layout" -c . | at "$machine" ctr -n k8s.io image import --base-name lab.test/web -
    done
    kw apply -f - <<-'Y'
		apiVersion: apps/v1
		kind: Deployment
		metadata: {name: web}
		spec:
		  replicas: 4
		  selector: {matchLabels: {app: web}}
		  template:
		    metadata: {labels: {app: web}}
		    spec:
		      terminationGracePeriodSeconds: 0
		      tolerations:
		      - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 1}
		      - {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 1}
		      containers:
		      - name: web
		        image: lab.test/web:1
		        imagePullPolicy: Never
		        command: [/bin/busybox, sh, -c, "busybox hostname > /www/index.html; exec busybox httpd -f -p 80 -h /www"]
		---
		apiVersion: v1
		kind: Service
		metadata: {name: web}
		spec: {selector: {app: web}, ports: [{port: 80}]}
	Y
    kw wait --for=condition=Available deployment/web --timeout=60s
    equal "nodes of the replicas" "worknode1 worknode2" "$(kw get pods -l app=web -o 'jsonpath={.items[*].spec.nodeName}' | tr ' ' '\n' | sort -u | paste -sd' ')"
    ip=$(kw get service web -o 'jsonpath={.spec.clusterIP}')
    # From every machine to every pod.
    for machine in $machines; do
        equal "answers on $machine" 4 "$(at "$machine" sh -c "for i in \$(seq 60); do curl -sf -m 2 http://$ip/; done | sort -u | wc -l")"
    done
    contains "$(kw exec deployment/web -- /bin/busybox nslookup web.default.svc.cluster.local 10.96.0.10)" "$ip"
}

# As the documentation has it: a disk that only one worker has.
test_walk_a_pod_chooses_its_node_by_a_label() {
    kw label node worknode2 disk=ssd
    kw run fast --image=lab.test/web:1 --image-pull-policy=Never --overrides='{"spec":{"nodeSelector":{"disk":"ssd"}}}' \
        --command -- /bin/busybox sleep 1000
    kw wait --for=condition=Ready pod/fast --timeout=60s
    equal node worknode2 "$(kw get pod fast -o 'jsonpath={.spec.nodeName}')"
    kw delete pod fast --now
}

# A registry of one's own, with a certificate of one's own and a password: workers pull with an imagePullSecret.
test_walk_an_image_comes_from_a_private_registry() {
    local folder=$work/pki registry=registry.test:5000
    mkdir -p "$folder"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=registry.test \
        -addext subjectAltName=DNS:registry.test -keyout "$folder/key.pem" -out "$folder/registry.crt" 2> /dev/null
    # shellcheck disable=SC2016
    printf 'reader:%s\n' "$(perl -e 'print crypt("a-secret", q($2y$05$abcdefghijklmnopqrstuu))')" > "$folder/htpasswd"
    cat > "$folder/registry.yml" <<-'Y'
		version: 0.1
		storage: {filesystem: {rootdirectory: /srv/registry}}
		http: {addr: ":5000", tls: {certificate: /srv/pki/registry.crt, key: /srv/pki/key.pem}}
		auth: {htpasswd: {realm: walk, path: /srv/pki/htpasswd}}
	Y
    tar -C "$work" -c pki web.oci | at Master tar -C /srv -x
    at Master sh -c 'docker-registry serve /srv/pki/registry.yml > /var/log/registry.log 2>&1 &'
    for machine in $machines; do
        at "$machine" sh -c 'cat > /usr/local/share/ca-certificates/registry.crt; echo 10.0.2.15 registry.test >> /etc/hosts
            update-ca-certificates > /dev/null 2>&1; service containerd restart' < "$folder/registry.crt"
    done
    eventually 10 at Master skopeo copy --quiet --dest-creds reader:a-secret oci:/srv/web.oci:1 "docker://$registry/private:1"
    refuses "" at Master curl -sf "https://$registry/v2/"
    kw run without --image="$registry/private:1" --command -- /bin/busybox sleep 1000
    eventually 30 cannot_pull without
    kw create secret docker-registry walk --docker-server="$registry" --docker-username=reader --docker-password=a-secret
    kw run with --image="$registry/private:1" --overrides='{"spec":{"imagePullSecrets":[{"name":"walk"}]}}' --command -- /bin/busybox sleep 1000
    kw wait --for=condition=Ready pod/with --timeout=60s
    kw delete pod with without --now
}

cannot_pull() { contains "$(kw get pod "$1" -o 'jsonpath={.status.containerStatuses[0].state.waiting.reason}')" Pull; }

test_walk_a_worker_is_reset_and_joins_again() {
    at WorkNode2 kubeadm reset --force
    equal "files of the cluster" "" "$(at WorkNode2 find /etc/kubernetes /var/lib/kubelet -type f)"
    kw delete node worknode2
    at Master kubeadm token create --print-join-command > "$work/again.sh"
    at WorkNode2 sh -s < "$work/again.sh"
    kw wait --for=condition=Ready node/worknode2 --timeout=90s
    kw label node worknode2 disk=ssd
}

test_walk_a_worker_fails_and_comes_back() {
    lab stop --force WorkNode1
    kw wait --for=condition=Ready=Unknown node/worknode1 --timeout=120s
    # Its pods are started elsewhere.
    eventually 60 four_on_worknode2
    lab start WorkNode1
    kw wait --for=condition=Ready node/worknode1 --timeout=60s
}

four_on_worknode2() {
    local running
    running=$(kw get pods -l app=web --field-selector=spec.nodeName=worknode2,status.phase=Running -o name | wc -l)
    equal "replicas on worknode2" 4 "$running"
}

test_walk_the_master_is_started_anew() {
    lab stop Master
    lab start Master
    eventually 60 kw get nodes
    kw wait --for=condition=Ready node --all --timeout=90s
    equal "control plane" "4" "$(kw get pods -n kube-system -l tier=control-plane -o name | wc -l)"
}

# The address of a machine changes while it is off. The software says what bears the old one, and makes it anew.
test_walk_the_master_comes_back_with_another_address() {
    at Master sh -c 'printf "%s\n" "#!/bin/sh" "ip address flush dev eth0" "ip address add 10.0.2.60/24 dev eth0" \
        "ip route replace default via 10.0.2.1" > /etc/init.d/new-address; chmod +x /etc/init.d/new-address
        ln -s ../init.d/new-address /etc/rc2.d/S00new-address'
    lab stop Master
    lab start Master
    refuses "" kw get --raw /readyz --request-timeout=3s
    at Master kubeadm readdress | tee "$work/readdress.log"
    contains "$(cat "$work/readdress.log")" "certificate for apiserver" "kubeadm readdress --from 10.0.2.15 --to 10.0.2.60"
    at Master sh -c 'cp /etc/kubernetes/admin.conf $HOME/.kube/config'
    sed -n 's/^ *\(kubeadm readdress\)/\1/p' "$work/readdress.log" > "$work/readdress.sh"
    for machine in WorkNode1 WorkNode2; do at "$machine" sh -s < "$work/readdress.sh"; done
    kw wait --for=condition=Ready node --all --timeout=90s
    equal address 10.0.2.60 "$(kw get node master -o 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}')"
    kw rollout status -n kube-system daemonset/kube-proxy --timeout=90s
    # The cluster works: what is asked for comes about, and services lead to it, that of the API server too.
    kw scale deployment web --replicas=2
    kw rollout status deployment web --timeout=90s
    eventually 60 at WorkNode1 sh -c "curl -sf -m 2 http://$(kw get service web -o 'jsonpath={.spec.clusterIP}')/"
    eventually 60 at WorkNode2 curl -sk -m 2 -o /dev/null https://10.96.0.1/livez
    contains "$(at Master kubeadm token create --print-join-command)" "kubeadm join 10.0.2.60:6443"
}

test_walk_has_left_no_secret_open() {
    kw create secret generic treasure --from-literal=word=open-sesame-7731
    keeps_secrets_in_lab open-sesame-7731
}

test_walk_ends_without_a_trace() {
    lab down
    [ ! -e "$labs/walk" ]
    equal cgroups "" "$(find /sys/fs/cgroup -type d -name "apus-lab*$id*")"
}
