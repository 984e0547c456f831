# The workloads beside Deployment, with real containers.
# shellcheck shell=bash

# A pod template that runs a shell: shell_template INDENT RESTART_POLICY COMMAND
shell_template() {
    cat <<-Y | sed "s/^/$1/"
		spec:
		  restartPolicy: $2
		  terminationGracePeriodSeconds: 1
		  containers:
		  - name: c
		    image: 127.0.0.1:5000/tools:1
		    command: [/bin/sh, -c, '$3']
	Y
}

test_daemon_set_runs_on_the_node_and_rolls() {
    cat > "$work/ds.yaml" <<-Y
		apiVersion: apps/v1
		kind: DaemonSet
		metadata: {name: agent}
		spec:
		  selector: {matchLabels: {app: agent}}
		  template:
		    metadata: {labels: {app: agent}}
		$(shell_template '    ' Always 'sleep 3600')
	Y
    k apply -f "$work/ds.yaml"
    k rollout status daemonset agent --timeout=60s
    contains "$(k get daemonset agent)" DESIRED CURRENT READY UP-TO-DATE AVAILABLE "NODE SELECTOR"
    k set env daemonset/agent ROUND=2
    k rollout status daemonset agent --timeout=60s
    contains "$(k rollout history daemonset agent)" 1 2
    k rollout undo daemonset agent
    k rollout status daemonset agent --timeout=60s
    equal "no variable" "" "$(k get pods -l app=agent -o jsonpath='{.items[0].spec.containers[0].env}')"
    k patch daemonset agent -p '{"spec":{"template":{"spec":{"nodeSelector":{"no":"where"}}}}}'
    eventually 30 no_pods app=agent
    k delete daemonset agent
}

no_pods() { [ -z "$(k get pods -l "$1" -o name)" ]; }

test_stateful_set_comes_and_goes_in_order() {
    cat > "$work/sts.yaml" <<-Y
		apiVersion: v1
		kind: Service
		metadata: {name: db}
		spec: {clusterIP: None, selector: {app: db}, ports: [{port: 80}]}
		---
		apiVersion: apps/v1
		kind: StatefulSet
		metadata: {name: db}
		spec:
		  serviceName: db
		  replicas: 2
		  selector: {matchLabels: {app: db}}
		  template:
		    metadata: {labels: {app: db}}
		$(shell_template '    ' Always 'hostname; sleep 3600')
	Y
    k apply -f "$work/sts.yaml"
    k rollout status statefulset db --timeout=60s
    equal "names" "pod/db-0 pod/db-1" "$(k get pods -l app=db -o name | sort | xargs)"
    equal "hostname" db-1 "$(k logs db-1)"
    eventually 10 k exec db-0 -- nslookup db-1.db.default.svc.cluster.local
    k scale statefulset db --replicas=1
    eventually 30 is_gone pod db-1
    k delete pod db-0 --wait=false
    eventually 30 is_ready db-0
    k delete statefulset,service db
}

is_gone() { ! k get "$1" "$2" -o name; }
is_ready() { k wait --for=condition=Ready "pod/$1" --timeout=1s; }

test_jobs_count_what_ended() {
    cat > "$work/job.yaml" <<-Y
		apiVersion: batch/v1
		kind: Job
		metadata: {name: count}
		spec:
		  completions: 3
		  parallelism: 3
		  completionMode: Indexed
		  template:
		$(shell_template '    ' Never 'echo index $JOB_COMPLETION_INDEX')
		---
		apiVersion: batch/v1
		kind: Job
		metadata: {name: broken}
		spec:
		  backoffLimit: 0
		  ttlSecondsAfterFinished: 1
		  template:
		$(shell_template '    ' Never 'exit 3')
	Y
    k apply -f "$work/job.yaml"
    k wait --for=condition=complete job/count --timeout=60s
    contains "$(k get job count)" Complete 3/3
    equal "indexes" 0-2 "$(k get job count -o jsonpath='{.status.completedIndexes}')"
    equal "logs" "index 0 index 1 index 2" "$(k logs -l job-name=count | sort | xargs)"
    contains "$(k describe job count)" "3 Succeeded" Completed
    eventually 30 is_gone job broken
    k delete job count
    eventually 30 no_pods job-name=count
}

test_cron_jobs_make_jobs() {
    k create cronjob tick --image=127.0.0.1:5000/tools:1 --schedule='* * * * *' -- /bin/true
    contains "$(k get cronjob tick)" '* * * * *' False
    k create job now --from=cronjob/tick
    k wait --for=condition=complete job/now --timeout=60s
    eventually 75 has_run tick
    k delete cronjob tick
    eventually 30 no_jobs
}

has_run() { [ "$(k get cronjob "$1" -o jsonpath='{.status.lastScheduleTime}')" ]; }
no_jobs() { [ -z "$(k get jobs -o name | grep -v job.batch/now)" ]; }

test_a_budget_holds_a_drain() {
    k delete job now --ignore-not-found
    k create deployment guarded --image=127.0.0.1:5000/nginx:1 --replicas=2
    k rollout status deployment guarded --timeout=60s
    k create poddisruptionbudget guarded --selector=app=guarded --min-available=2
    eventually 10 budget_is 0
    local node pod
    node=$(k get nodes -o jsonpath='{.items[0].metadata.name}')
    pod=$(k get pods -l app=guarded -o jsonpath='{.items[0].metadata.name}')
    refuses "violate the pod's disruption budget" k drain "$node" --pod-selector=app=guarded --timeout=3s
    k get pod "$pod"
    k patch poddisruptionbudget guarded -p '{"spec":{"minAvailable":1}}'
    eventually 10 budget_is 1
    k uncordon "$node"
    k delete deployment,poddisruptionbudget guarded
}

budget_is() { [ "$(k get poddisruptionbudget guarded -o jsonpath='{.status.disruptionsAllowed}')" = "$1" ]; }
