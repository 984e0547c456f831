# Who may do what, with the real kubectl: certificates, tokens, plugins, roles, and what a run leaves lying about.
# shellcheck shell=bash

# by NAME ARGUMENT...: kubectl under another kubeconfig of this file.
by() {
    local who=$1
    shift
    on_node kubectl --kubeconfig "$work/$who.kubeconfig" "$@"
}

# may EXPECTED ARGUMENT...: kubectl auth can-i ends with another code when the answer is no, and may say why.
may() {
    local expected=$1 answer
    shift
    answer=$(k auth can-i "$@" 2> /dev/null || true)
    equal "$*" "$expected" "${answer%% *}"
}

# make_kubeconfig NAME USER: of the same server, with the JSON of a user. Written by hand: Debian's kubectl 1.20 cannot write kubeconfigs.
make_kubeconfig() {
    k config view --raw -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d > "$work/cluster-ca.crt"
    cat > "$work/$1.kubeconfig" <<-Y
		apiVersion: v1
		kind: Config
		clusters: [{name: c, cluster: {server: "https://$node_ip:6443", certificate-authority: cluster-ca.crt}}]
		contexts: [{name: c, context: {cluster: c, user: $1, namespace: identity}}]
		current-context: c
		users: [{name: $1, user: $2}]
	Y
}

# token_of ACCOUNT [JSON]: a token for a service account of the namespace. Since 1.24 kubectl has a command for it.
token_of() { request_token "$1" "${2:-}" | grep -o '"token": *"[^"]*"' | cut -d '"' -f 4; }
request_token() { k create --raw "/api/v1/namespaces/identity/serviceaccounts/$1/token" -f - <<< "{\"spec\":{$2}}"; }

test_who_am_i() {
    k create namespace identity
    if kubectl_since 28; then
        contains "$(k auth whoami)" ATTRIBUTE Username kubernetes-admin Groups system:masters system:authenticated
        contains "$(k auth whoami --as ana --as-group devs -o yaml)" "username: ana" "- devs" "- system:authenticated"
    fi
}

test_can_i() {
    may yes delete nodes
    may yes '*' '*'
    may no list pods --as ana
    may yes create selfsubjectaccessreviews.authorization.k8s.io --as ana
    may yes get /healthz --as ana
    may no get /metrics --as ana
    may no get secrets --as system:kube-scheduler -n identity
    may yes create pods --subresource=binding --as system:kube-scheduler -n identity
    may no get secrets --as system:node:other --as-group system:nodes -n identity
    contains "$(k auth can-i --list)" Resources "Non-Resource URLs" "Resource Names" Verbs '*.*'
    local list
    list=$(k auth can-i --list --as ana)
    contains "$list" selfsubjectaccessreviews.authorization.k8s.io selfsubjectrulesreviews.authorization.k8s.io /healthz
    ! contains "$list" '*.*'
}

test_roles_and_bindings() {
    k -n identity create serviceaccount robot
    k -n identity create role reader --verb=get,list,watch --resource=pods,configmaps,services
    k -n identity create rolebinding robots --role=reader --serviceaccount=identity:robot
    k -n identity create rolebinding ana --clusterrole=view --user=ana
    k create clusterrole node-reader --verb=get,list --resource=nodes
    k create clusterrolebinding node-readers --clusterrole=node-reader --group=devs
    eventually 5 may yes list pods -n identity --as system:serviceaccount:identity:robot
    may no list pods -n default --as system:serviceaccount:identity:robot
    may no delete pods -n identity --as system:serviceaccount:identity:robot
    eventually 5 may yes list deployments.apps -n identity --as ana
    may no get secrets -n identity --as ana
    may no list nodes --as ana
    eventually 5 may yes list nodes --as ana --as-group devs
    contains "$(k -n identity describe rolebinding robots)" "Kind:  Role" "Name:  reader" ServiceAccount robot
    contains "$(k -n identity describe role reader)" PolicyRule pods "[get list watch]"
    # What a binding refers to stays.
    refuses "cannot change roleRef" k -n identity patch rolebinding robots --type merge -p '{"roleRef":{"name":"other"}}'
    k -n identity set subject rolebinding ana --user=bob
    eventually 5 may yes list pods -n identity --as bob
}

test_reconcile() {
    cat > "$work/rbac.yaml" <<-'Y'
		apiVersion: rbac.authorization.k8s.io/v1
		kind: ClusterRole
		metadata: {name: reconciled}
		rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
		---
		apiVersion: rbac.authorization.k8s.io/v1
		kind: RoleBinding
		metadata: {name: reconciled, namespace: identity}
		roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reconciled}
		subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: cleo}]
	Y
    contains "$(k auth reconcile -f "$work/rbac.yaml" 2>&1)" clusterrole.rbac.authorization.k8s.io/reconciled rolebinding.rbac.authorization.k8s.io/reconciled
    k patch clusterrole reconciled --type json -p '[{"op":"replace","path":"/rules/0/verbs","value":["list"]}]'
    # What is there stays, what is missing comes back.
    contains "$(k auth reconcile -f "$work/rbac.yaml" 2>&1)" "reconciliation required" "missing rules added"
    equal "verbs" "get list" "$(k get clusterrole reconciled -o jsonpath='{.rules[*].verbs[*]}' | tr ' ' '\n' | sort | xargs)"
    k auth reconcile -f "$work/rbac.yaml" --remove-extra-permissions
    equal "verbs" get "$(k get clusterrole reconciled -o jsonpath='{.rules[*].verbs[*]}')"
    # The role of a binding can't change: it is made anew.
    sed -i 's/kind: ClusterRole, name: reconciled/kind: ClusterRole, name: view/' "$work/rbac.yaml"
    k auth reconcile -f "$work/rbac.yaml"
    equal "role" view "$(k -n identity get rolebinding reconciled -o jsonpath='{.roleRef.name}')"
}

test_what_every_namespace_begins_with() {
    local authority
    k create namespace begun
    eventually 5 k -n begun get serviceaccount default
    eventually 5 k -n begun get configmap kube-root-ca.crt
    authority=$(openssl x509 -in "$data/pki/ca.crt")
    equal "the authority" "$authority" "$(k -n begun get configmap kube-root-ca.crt -o jsonpath='{.data.ca\.crt}' | openssl x509)"
    k -n begun delete serviceaccount default
    k -n begun delete configmap kube-root-ca.crt
    eventually 5 k -n begun get serviceaccount default
    eventually 5 k -n begun get configmap kube-root-ca.crt
    equal "namespaces without" "" "$(comm -3 <(k get namespaces -o name | cut -d / -f 2 | sort) \
        <(k get configmaps -A --field-selector metadata.name=kube-root-ca.crt --no-headers | awk '{print $1}' | sort))"
    k delete namespace begun --wait=false
}

# request NAME SUBJECT SIGNER USAGES: a certificate signing request for a new key.
request() {
    openssl req -new -newkey rsa:2048 -nodes -keyout "$work/$1.key" -subj "$2" -out "$work/$1.csr" 2> /dev/null
    k create -f - <<-Y
		apiVersion: certificates.k8s.io/v1
		kind: CertificateSigningRequest
		metadata: {name: $1}
		spec:
		  request: $(base64 -w0 < "$work/$1.csr")
		  signerName: $3
		  expirationSeconds: 3600
		  usages: [$4]
	Y
}

has_certificate() { [ -n "$(k get csr "$1" -o jsonpath='{.status.certificate}')" ]; }
has_condition() { [ "$(k get csr "$1" -o jsonpath="{.status.conditions[?(@.type==\"$2\")].status}")" = True ]; }

test_a_certificate_of_a_user() {
    request ana /O=devs/CN=ana kubernetes.io/kube-apiserver-client "digital signature, client auth"
    contains "$(k get csr ana)" SIGNERNAME REQUESTOR kubernetes-admin Pending
    k certificate approve ana
    eventually 10 has_certificate ana
    contains "$(k get csr ana)" Approved,Issued
    k get csr ana -o jsonpath='{.status.certificate}' | base64 -d > "$work/ana.crt"
    contains "$(openssl x509 -noout -subject -issuer -in "$work/ana.crt" -nameopt RFC2253)" "subject=CN=ana,O=devs" "issuer=CN=kubernetes"
    equal "its end" 0 "$(openssl x509 -noout -checkend 3700 -in "$work/ana.crt" > /dev/null && echo 1 || echo 0)"
    make_kubeconfig ana "{client-certificate: ana.crt, client-key-data: $(base64 -w0 < "$work/ana.key")}"
    contains "$(by ana get nodes -o name)" node/
    refuses 'secrets is forbidden: User "ana" cannot list resource "secrets" in API group "" in the namespace "identity"' by ana get secrets
    # A certificate that the cluster's authority has not signed names nobody.
    openssl req -x509 -new -nodes -newkey rsa:2048 -keyout "$work/fake.key" -subj /O=system:masters/CN=fake -days 1 -out "$work/fake.crt" 2> /dev/null
    equal "signed by itself" 401 \
        "$(on_node curl -sk -o /dev/null -w '%{http_code}' --cert "$work/fake.crt" --key "$work/fake.key" "https://$node_ip:6443/api/v1/pods")"
}

test_certificates_that_nobody_gets() {
    request denied /CN=denied kubernetes.io/kube-apiserver-client "client auth"
    k certificate deny denied
    contains "$(k get csr denied)" Denied
    # system:masters is for nobody to ask for.
    refuses "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed" \
        request masters /O=system:masters/CN=root kubernetes.io/kube-apiserver-client "client auth"
    request wrong-use /CN=wrong kubernetes.io/kube-apiserver-client "server auth"
    k certificate approve wrong-use
    eventually 10 has_condition wrong-use Failed
    equal "certificate" "" "$(k get csr denied wrong-use -o jsonpath='{.items[*].status.certificate}')"
    # Whoever may not approve for the signer does not, even with the right to the subresource.
    k create clusterrole approver --verb=update,get --resource=certificatesigningrequests,certificatesigningrequests/approval
    k create clusterrolebinding approver --clusterrole=approver --user=ana
    request other /CN=other kubernetes.io/kube-apiserver-client "client auth"
    eventually 5 may yes update certificatesigningrequests.certificates.k8s.io --subresource=approval --as ana
    refuses 'user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"' by ana certificate approve other
    k delete csr ana denied wrong-use other
}

test_a_token_of_a_service_account() {
    local token
    if kubectl_since 24; then token=$(k -n identity create token robot --duration=10m); else token=$(token_of robot '"expirationSeconds":600'); fi
    echo "$token" > "$work/robot.token"
    make_kubeconfig robot "{token: $token}"
    by robot get configmaps
    refuses 'User "system:serviceaccount:identity:robot" cannot list resource "secrets"' by robot get secrets
    # Not for us.
    token=$(token_of robot '"audiences":["https://elsewhere.example.com"]')
    make_kubeconfig robot "{token: $token}"
    refuses "must be logged in" by robot get configmaps
    # Not whole.
    make_kubeconfig robot "{token: $(head -c -8 "$work/robot.token")AAAAAAA}"
    refuses "must be logged in" by robot get configmaps
    refuses "may not specify a duration less than 10 minutes" request_token robot '"expirationSeconds":60'
}

legacy_token() { k -n identity get secret robot-token -o jsonpath='{.data.token}' | base64 -d; }
has_legacy_token() { [ -n "$(legacy_token)" ]; }

# A token without an end is made for who asks for it, as before 1.24, and dies with its secret.
test_a_token_in_a_secret() {
    k -n identity apply -f - <<-'Y'
		apiVersion: v1
		kind: Secret
		type: kubernetes.io/service-account-token
		metadata: {name: robot-token, annotations: {kubernetes.io/service-account.name: robot}}
	Y
    eventually 10 has_legacy_token
    local token
    token=$(legacy_token)
    make_kubeconfig legacy "{token: $token}"
    by legacy get configmaps
    refuses 'cannot list resource "secrets"' by legacy get secrets
    k -n identity delete secret robot-token
    eventually 10 refuses "must be logged in" by legacy get configmaps
}

test_an_exec_plugin() {
    mkdir -p "$work/plugins"
    cat > "$work/plugins/token" <<-P
		#!/bin/sh
		echo called >> $work/plugin.calls
		printf '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"%s"}}' "\$(cat $work/robot.token)"
	P
    chmod 700 "$work/plugins/token"
    # A command with a slash is looked for beside the kubeconfig.
    make_kubeconfig plugin "{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./plugins/token, interactiveMode: Never}}"
    by plugin get configmaps
    [ -s "$work/plugin.calls" ]
    refuses 'cannot list resource "secrets"' by plugin get secrets
    # A credential of the plugin that no longer counts is asked for again, and then refused.
    echo a.b.c > "$work/robot.token.new"
    mv "$work/robot.token" "$work/robot.token.old"
    mv "$work/robot.token.new" "$work/robot.token"
    refuses "must be logged in" by plugin get configmaps
    mv "$work/robot.token.old" "$work/robot.token"
    by plugin get configmaps
}

test_impersonation() {
    contains "$(k get pods --as bob -n identity 2>&1)" "No resources found"
    refuses 'secrets is forbidden: User "bob"' k get secrets --as bob -n identity
    refuses 'users "root" is forbidden: User "ana" cannot impersonate resource "users" in API group "" at the cluster scope' by ana get pods --as root
    k create clusterrole as-bob --verb=impersonate --resource=users --resource-name=bob
    k create clusterrolebinding as-bob --clusterrole=as-bob --user=ana
    eventually 5 by ana get pods --as bob
    refuses 'groups "system:masters" is forbidden: User "ana" cannot impersonate' by ana get pods --as bob --as-group system:masters
    refuses 'users "cleo" is forbidden' by ana get pods --as cleo
}

test_pod_security() {
    k create namespace restricted
    k label namespace restricted pod-security.kubernetes.io/enforce=restricted
    refuses 'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)' \
        k -n restricted apply -f - <<< '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"127.0.0.1:5000/tools:1"}]}}'
    local template='{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"127.0.0.1:5000/tools:1","securityContext":{"privileged":true}}]}}'
    local deployment="{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"d\"},\"spec\":{\"replicas\":0,\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":$template}}"
    k label namespace restricted pod-security.kubernetes.io/warn=baseline
    contains "$(k -n restricted apply -f - <<< "$deployment" 2>&1)" 'Warning: would violate PodSecurity "baseline:latest": privileged (container "c" must not set securityContext.privileged=true)' created
    k -n restricted apply -f - <<-'Y'
		apiVersion: v1
		kind: Pod
		metadata: {name: good}
		spec:
		  securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
		  containers:
		  - name: c
		    image: 127.0.0.1:5000/tools:1
		    command: [/bin/sleep, "3600"]
		    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
	Y
    k -n restricted wait --for=condition=Ready pod/good --timeout=60s
    refuses "must be one of privileged, baseline, restricted" k label namespace restricted --overwrite pod-security.kubernetes.io/enforce=strict
    k delete namespace restricted --wait=false
}

# with_token TOKEN PATH: the code of the answer.
with_token() {
    on_node curl -s -o /dev/null -w '%{http_code}' --cacert "$work/cluster-ca.crt" -H "Authorization: Bearer $1" "https://$node_ip:6443$2"
}

test_a_token_in_a_pod_dies_with_it() {
    k -n identity apply -f - <<-'Y'
		apiVersion: v1
		kind: Pod
		metadata: {name: client}
		spec:
		  serviceAccountName: robot
		  terminationGracePeriodSeconds: 0
		  containers:
		  - {name: c, image: "127.0.0.1:5000/tools:1", command: [/bin/sleep, "3600"]}
	Y
    k -n identity wait --for=condition=Ready pod/client --timeout=60s
    local place=/var/run/secrets/kubernetes.io/serviceaccount
    equal "namespace" identity "$(k -n identity exec client -- cat $place/namespace)"
    # shellcheck disable=SC2016
    contains "$(k -n identity exec client -- /bin/sh -c 'd='$place'; curl -s --cacert $d/ca.crt -H "Authorization: Bearer $(cat $d/token)" https://kubernetes.default.svc/api/v1/namespaces/identity/pods')" \
        '"kind":"PodList"'
    local token
    token=$(k -n identity exec client -- cat $place/token)
    echo "$token" > "$work/pod.token"
    equal "while the pod is there" 200 "$(with_token "$token" /api/v1/namespaces/identity/pods)"
    equal "what it may not" 403 "$(with_token "$token" /api/v1/namespaces/identity/secrets)"
    contains "$(k create -o yaml -f - <<< "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenReview\",\"metadata\":{\"name\":\"x\"},\"spec\":{\"token\":\"$token\"}}")" \
        "authenticated: true" "authentication.kubernetes.io/pod-name" "- client" "system:serviceaccount:identity:robot"
    k -n identity delete pod client
    eventually 10 equal "after the pod" 401 "$(with_token "$token" /api/v1/namespaces/identity/pods)"
    # One for the account itself dies with the account.
    token=$(cat "$work/robot.token")
    equal "while the account is there" 200 "$(with_token "$token" /api/v1/namespaces/identity/pods)"
    k -n identity delete serviceaccount robot
    equal "after the account" 401 "$(with_token "$token" /api/v1/namespaces/identity/pods)"
}

test_whose_certificates_count() {
    local said
    said=$(k -n kube-system get configmap extension-apiserver-authentication -o jsonpath='{.data.client-ca-file}')
    equal "the authority" "$(openssl x509 -in "$data/pki/ca.crt")" "$(openssl x509 <<< "$said")"
    # Deleted, it is told again.
    k -n kube-system delete configmap extension-apiserver-authentication
    eventually 5 k -n kube-system get configmap extension-apiserver-authentication
    may yes get configmaps/extension-apiserver-authentication -n kube-system --as system:kube-scheduler
    may no get configmaps/extension-apiserver-authentication -n kube-system --as ana
}

test_what_a_node_tells() {
    local node
    node=$(k get nodes -o jsonpath='{.items[0].metadata.name}')
    contains "$(k get --raw "/api/v1/nodes/$node/proxy/configz")" '"kubeletconfig":' '"clusterDomain":"cluster.local"' '"clusterDNS":'
    contains "$(k get --raw "/api/v1/nodes/$node/proxy/runningpods/")" '"kind":"PodList"' '"name":"hello'
    contains "$(k get --raw "/api/v1/nodes/$node/proxy/logs/")" '<pre>'
    refuses "BadRequest" k get --raw "/api/v1/nodes/$node/proxy/logs/..%2f..%2fetc/passwd"
    refuses 'cannot get resource "nodes/proxy"' k get --raw "/api/v1/nodes/$node/proxy/configz" --as ana
}

test_identities_and_secrets_are_nobody_elses() {
    # A secret as a file in a pod, so that the node's folders hold one.
    k -n identity create secret generic treasure --from-literal=word=open-sesame-7731
    k -n identity apply -f - <<-'Y'
		apiVersion: v1
		kind: Pod
		metadata: {name: keeper}
		spec:
		  terminationGracePeriodSeconds: 0
		  containers:
		  - name: c
		    image: 127.0.0.1:5000/tools:1
		    command: [/bin/sleep, "3600"]
		    env: [{name: WORD, valueFrom: {secretKeyRef: {name: treasure, key: word}}}]
		    volumeMounts: [{name: s, mountPath: /s}, {name: m, mountPath: /m}]
		  volumes: [{name: s, secret: {secretName: treasure}}, {name: m, emptyDir: {medium: Memory}}]
	Y
    k -n identity wait --for=condition=Ready pod/keeper --timeout=60s
    # 2022: a folder in memory in which devices and programs of other users work.
    contains "$(k -n identity exec keeper -- grep ' /m ' /proc/mounts)" tmpfs nosuid nodev
    equal "in the pod" open-sesame-7731 "$(k -n identity exec keeper -- cat /s/word)"
    keeps_secrets "$data" open-sesame-7731
    # No event holds one, nor what the server tells of itself.
    local found
    found=$({ k get events -A -o yaml; k get --raw /metrics; } | grep -cE 'eyJhbGciOi|PRIVATE KEY|open-sesame-7731' || true)
    equal "events and metrics with secrets" 0 "$found"
    found=$(find "$data/pki" "$data/store" -maxdepth 0 -perm /077)
    equal "folders that others can enter" "" "$found"
    k delete namespace identity --wait=false
    k delete clusterrolebinding node-readers approver as-bob
    k delete clusterrole node-reader approver as-bob reconciled
}

# sign_short NAME KEY: what a certificate says, signed again by the cluster's authority for ten days only.
sign_short() {
    openssl x509 -x509toreq -in "$1" -signkey "$2" -copy_extensions copy 2> /dev/null |
        openssl x509 -req -CA "$data/pki/ca.crt" -CAkey "$data/pki/ca.key" -days 10 -copy_extensions copy 2> /dev/null
}

# serves_until SECONDS PORT: whether the certificate that is served there counts for so long.
serves_until() { on_node openssl s_client -connect "$node_ip:$2" < /dev/null 2> /dev/null | openssl x509 -noout -checkend "$1" > /dev/null; }
serves_long() { serves_until $((300 * 86400)) "$1"; }

test_certificates_are_renewed_while_all_runs() {
    contains "$(apus certs --data-dir "$data")" CERTIFICATE EXPIRES "RESIDUAL TIME" "CERTIFICATE AUTHORITY" SUBJECT "USED BY" admin.kubeconfig \
        "O=system:masters, CN=kubernetes-admin" apiserver-kubelet-client front-proxy-client kubelet 364d ca 9y
    local server pods name
    server=$(cut -d ' ' -f 1 "$data/run/apus.pid")
    pods=$(pgrep -f 'apus hello' | xargs)
    # All of them are about to end.
    for name in pki/apiserver pki/apiserver-kubelet-client kubelet/kubelet; do
        sign_short "$data/$name.crt" "$data/$name.key" > "$work/short.crt"
        cp "$work/short.crt" "$data/$name.crt"
    done
    k config view --raw -o jsonpath='{.users[0].user.client-certificate-data}' | base64 -d > "$work/admin.crt"
    k config view --raw -o jsonpath='{.users[0].user.client-key-data}' | base64 -d > "$work/admin.key"
    sed "s|client-certificate-data: .*|client-certificate-data: $(sign_short "$work/admin.crt" "$work/admin.key" | base64 -w0)|" "$KUBECONFIG" > "$work/short.kubeconfig"
    cp "$work/short.kubeconfig" "$KUBECONFIG"
    if certificates_are_long; then echo "nothing is about to end"; return 1; fi
    eventually 40 certificates_are_long
    eventually 20 serves_long 6443
    eventually 20 serves_long 10250
    equal "the server" "$server" "$(cut -d ' ' -f 1 "$data/run/apus.pid")"
    equal "containers" "$pods" "$(pgrep -f 'apus hello' | xargs)"
    contains "$(k get nodes)" Ready
    k logs "$(k get pods -l app=hello -o name | head -n 1)" --tail 1
    eventually 10 certificate_events
    contains "$(apus logs --data-dir "$data" --tail 10000)" "a certificate was renewed" "a file was taken in anew"
    equal "keys that others can read" "" "$(find "$data" -xdev \( -name '*.key' -o -name '*.kubeconfig' \) -perm /077)"
}

certificates_are_long() { ! apus certs --data-dir "$data" | grep -wE '(9|10)d'; }
certificate_events() { contains "$(k get events --field-selector reason=CertificateRenewed)" apiserver kubelet admin.kubeconfig; }

test_old_tls_is_refused() {
    local version port
    for port in 6443 10250; do
        for version in tls1 tls1_1; do
            refuses "" on_node openssl s_client -connect "$node_ip:$port" -$version -cipher ALL:@SECLEVEL=0 < /dev/null
        done
        on_node openssl s_client -connect "$node_ip:$port" -tls1_2 < /dev/null > /dev/null 2>&1
        on_node openssl s_client -connect "$node_ip:$port" -tls1_3 < /dev/null > /dev/null 2>&1
        # A client that wants to negotiate anew within a connection does not get it.
        contains "$( (echo R; sleep 1) | on_node timeout 10 openssl s_client -connect "$node_ip:$port" -tls1_2 -legacy_renegotiation 2>&1 || true)" RENEGOTIATING error
    done
}
