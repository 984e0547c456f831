"""Every kind that the server lists, through the official client: create, read, list, watch, patch in three ways, apply, status, delete.

Ends with the first failure's words and a code other than zero; says at the end how many kinds went through.
"""

import sys

import urllib3
from kubernetes import client, config, dynamic
from kubernetes.client.exceptions import ApiException

NAME = "python-round"
NAMESPACE = "python-rounds"

TEMPLATE = {
    "metadata": {"labels": {"app": NAME}},
    "spec": {"nodeSelector": {"no-such": "node"}, "containers": [{"name": "c", "image": "no.example/image:1"}]},
}
JOB = {"template": {"spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}, "suspend": True}
WORKLOAD = {"selector": {"matchLabels": {"app": NAME}}, "template": TEMPLATE}
WEBHOOK = {
    "name": "round.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Ignore",
    "clientConfig": {"url": "https://127.0.0.1:1/hook"},
    "rules": [{"operations": ["CREATE"], "apiGroups": ["round.example.com"], "apiVersions": ["v1"], "resources": ["rounds"]}],
}
POLICY = {
    "failurePolicy": "Ignore",
    "matchConstraints": {
        "resourceRules": [{"operations": ["CREATE"], "apiGroups": ["round.example.com"], "apiVersions": ["v1"], "resources": ["rounds"]}]
    },
}
ALL_VERBS = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
LIMITED = {"nominalConcurrencyShares": 1, "limitResponse": {"type": "Reject"}}
DEVICES = {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "none.example.com"}}]}}

# What each kind needs beyond its name, by group/kind. Names are told apart where the kind has rules for them.
OBJECTS = {
    "/ConfigMap": {"data": {"a": "b"}},
    "/Endpoints": {"subsets": [{"addresses": [{"ip": "192.0.2.7"}], "ports": [{"port": 80}]}]},
    "/Event": {"involvedObject": {"namespace": NAMESPACE, "kind": "Pod", "name": "p"}, "type": "Normal", "reason": "Round"},
    "/LimitRange": {"spec": {"limits": [{"type": "Pod", "max": {"cpu": "64"}}]}},
    "/Namespace": {},
    "/Node": {"spec": {"unschedulable": True}},
    "/PersistentVolume": {
        "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/none"}, "storageClassName": "none",
        }
    },
    "/PersistentVolumeClaim": {
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "none", "resources": {"requests": {"storage": "1Gi"}}}
    },
    "/Pod": TEMPLATE,
    "/PodTemplate": {"template": TEMPLATE},
    "/ReplicationController": {"spec": {"replicas": 0, "selector": {"app": NAME}, "template": TEMPLATE}},
    "/ResourceQuota": {"spec": {"hard": {"count/rounds.example.com": "5"}}},
    "/Secret": {"stringData": {"a": "b"}},
    "/Service": {"spec": {"ports": [{"port": 80}]}},
    "/ServiceAccount": {},
    "admissionregistration.k8s.io/MutatingWebhookConfiguration": {"webhooks": [WEBHOOK]},
    "admissionregistration.k8s.io/ValidatingWebhookConfiguration": {"webhooks": [WEBHOOK]},
    "admissionregistration.k8s.io/ValidatingAdmissionPolicy": {"spec": {**POLICY, "validations": [{"expression": "true"}]}},
    "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding": {"spec": {"policyName": "none", "validationActions": ["Audit"]}},
    "admissionregistration.k8s.io/MutatingAdmissionPolicy": {
        "spec": {
            **POLICY, "reinvocationPolicy": "Never", "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": "[]"}}],
        }
    },
    "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding": {"spec": {"policyName": "none"}},
    "apps/ControllerRevision": {"data": {"a": 1}, "revision": 1},
    "apps/DaemonSet": {"spec": WORKLOAD},
    "apps/Deployment": {"spec": {**WORKLOAD, "replicas": 0}},
    "apps/ReplicaSet": {"spec": {**WORKLOAD, "replicas": 0}},
    "apps/StatefulSet": {"spec": {**WORKLOAD, "replicas": 0, "serviceName": NAME}},
    "autoscaling/HorizontalPodAutoscaler": {
        "spec": {"maxReplicas": 2, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}}
    },
    "batch/CronJob": {"spec": {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": JOB}}},
    "batch/Job": {"spec": JOB},
    "coordination.k8s.io/Lease": {"spec": {"holderIdentity": "round", "leaseDurationSeconds": 10}},
    "discovery.k8s.io/EndpointSlice": {"addressType": "IPv4", "endpoints": [{"addresses": ["192.0.2.7"]}], "ports": []},
    "events.k8s.io/Event": {
        "eventTime": "2026-01-02T03:04:05.000006Z", "reportingController": "example.com/round", "reportingInstance": "r", "action": "Round",
        "reason": "Round", "type": "Normal", "regarding": {"namespace": NAMESPACE, "kind": "Pod", "name": "p"},
    },
    "flowcontrol.apiserver.k8s.io/FlowSchema": {"spec": {"priorityLevelConfiguration": {"name": "global-default"}, "matchingPrecedence": 9000}},
    "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration": {"spec": {"type": "Limited", "limited": LIMITED}},
    "networking.k8s.io/IPAddress": {
        "metadata": {"name": "192.0.2.77"}, "spec": {"parentRef": {"group": "", "resource": "services", "namespace": NAMESPACE, "name": "none"}},
    },
    "networking.k8s.io/Ingress": {"spec": {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}}},
    "networking.k8s.io/IngressClass": {"spec": {"controller": "example.com/round"}},
    "networking.k8s.io/NetworkPolicy": {"spec": {"podSelector": {"matchLabels": {"app": "none"}}}},
    "networking.k8s.io/ServiceCIDR": {"spec": {"cidrs": ["198.51.100.0/24"]}},
    "node.k8s.io/RuntimeClass": {"handler": "runc"},
    "policy/PodDisruptionBudget": {"spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "none"}}}},
    "rbac.authorization.k8s.io/ClusterRole": {"rules": [ALL_VERBS]},
    "rbac.authorization.k8s.io/ClusterRoleBinding": {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "none"}
    },
    "rbac.authorization.k8s.io/Role": {"rules": [ALL_VERBS]},
    "rbac.authorization.k8s.io/RoleBinding": {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "none"}
    },
    "resource.k8s.io/DeviceClass": {"spec": {"selectors": [{"cel": {"expression": "true"}}]}},
    "resource.k8s.io/ResourceClaim": {"spec": DEVICES},
    "resource.k8s.io/ResourceClaimTemplate": {"spec": {"spec": DEVICES}},
    "resource.k8s.io/ResourceSlice": {
        "spec": {
            "driver": "round.example.com", "nodeName": "none", "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
            "devices": [{"name": "d"}],
        }
    },
    "scheduling.k8s.io/PriorityClass": {"value": 7},
    "storage.k8s.io/CSIDriver": {"spec": {"attachRequired": False}},
    "storage.k8s.io/CSINode": {"spec": {"drivers": [{"name": "d.example.com", "nodeID": "1"}]}},
    "storage.k8s.io/CSIStorageCapacity": {"storageClassName": "none", "capacity": "1Gi"},
    "storage.k8s.io/StorageClass": {"provisioner": "round.example.com/p"},
    "storage.k8s.io/VolumeAttachment": {
        "spec": {"attacher": "round.example.com", "nodeName": "none", "source": {"persistentVolumeName": "none"}}
    },
    "storage.k8s.io/VolumeAttributesClass": {"driverName": "round.example.com", "parameters": {"a": "b"}},
}

# Kinds of which other parts of the project make more than data, each with tests of its own.
ELSEWHERE = {
    "apiextensions.k8s.io/CustomResourceDefinition", "apiregistration.k8s.io/APIService", "certificates.k8s.io/CertificateSigningRequest",
}


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def round_of(api, resource, manifest):
    """One kind's whole round."""
    namespace = {"namespace": NAMESPACE} if resource.namespaced else {}
    body = {"apiVersion": resource.group_version, "kind": resource.kind, **manifest}
    metadata = manifest.get("metadata", {})
    body["metadata"] = {"name": NAME, **metadata, "labels": {**metadata.get("labels", {}), "round": "yes"}, **namespace}
    name = body["metadata"]["name"]

    made = resource.create(body=body, **namespace)
    check(made.metadata.uid and made.metadata.resourceVersion, "a new object has no uid or resourceVersion")
    try:
        resource.create(body=body, **namespace)
        raise AssertionError("the same name was made twice")
    except ApiException as error:
        check(error.status == 409, f"making it again answered {error.status}")
    read = resource.get(name=name, **namespace)
    check(read.metadata.uid == made.metadata.uid, "another object was read than was made")
    listed = resource.get(label_selector="round=yes", **namespace)
    check([item.metadata.name for item in listed.items] == [name], "the list by label has not just the new object")
    paged = resource.get(limit=1, **namespace)
    check(len(paged.items) == 1, "a page of one does not have one")

    for kind, patch in [
        ("application/merge-patch+json", {"metadata": {"annotations": {"merge": "1"}}}),
        ("application/strategic-merge-patch+json", {"metadata": {"annotations": {"strategic": "1"}}}),
        ("application/json-patch+json", [{"op": "add", "path": "/metadata/annotations/json", "value": "1"}]),
    ]:
        resource.patch(name=name, body=patch, content_type=kind, **namespace)
    applied = resource.server_side_apply(
        name=name, field_manager="round", force_conflicts=True, **namespace,
        body={"apiVersion": resource.group_version, "kind": resource.kind, "metadata": {"name": name, "annotations": {"apply": "1"}}},
    )
    noted = applied.metadata.annotations.to_dict()
    check({"merge", "strategic", "json", "apply"} <= set(noted), f"annotations are missing: {noted}")
    check(any(entry.manager == "round" for entry in applied.metadata.managedFields), "nobody manages what was applied")

    for event in resource.watch(resource_version=made.metadata.resourceVersion, field_selector=f"metadata.name={name}", timeout=10, **namespace):
        check(event["type"] == "MODIFIED", f"the first event is {event['type']}")
        break

    if "status" in resource.subresources and resource.subresources["status"].verbs:
        status = resource.status.get(name=name, **namespace)
        check(status.metadata.uid == made.metadata.uid, "the status is another object's")
        resource.status.patch(
            name=name, body={"metadata": {"annotations": {"status": "1"}}}, content_type="application/merge-patch+json", **namespace)

    for attempt in range(5):
        fresh = resource.get(name=name, **namespace).to_dict()
        fresh["metadata"]["labels"]["round"] = "replaced"
        try:
            check(resource.replace(body=fresh, **namespace).metadata.labels.round == "replaced", "a replaced label is not there")
            break
        except ApiException as error:
            check(error.status == 409 and attempt < 4, f"replacing answered {error.status}: {error.body}")

    resource.delete(name=name, body={"gracePeriodSeconds": 0, "propagationPolicy": "Background"}, **namespace)


def main():
    urllib3.disable_warnings()
    api = dynamic.DynamicClient(config.new_client_from_config())
    core = client.CoreV1Api(api.client)
    core.create_namespace({"metadata": {"name": NAMESPACE}})
    rounds = 0
    seen = set()
    for resource in api.resources.search():
        if isinstance(resource, dynamic.resource.ResourceList) or not {"create", "list", "delete", "watch"} <= set(resource.verbs or []):
            continue
        key = f"{resource.group or ''}/{resource.kind}"
        if key in ELSEWHERE:
            continue
        check(key in OBJECTS, f"nothing is known of {key}: the client finds a kind that this test has no object of")
        try:
            round_of(api, resource, OBJECTS[key])
        except ApiException as error:
            raise AssertionError(f"{resource.group_version} {resource.kind}: {error.status} {error.body}") from error
        except AssertionError as error:
            raise AssertionError(f"{resource.group_version} {resource.kind}: {error}") from error
        rounds += 1
        seen.add(key)
    check(seen == set(OBJECTS), f"the client does not find {sorted(set(OBJECTS) - seen)}")
    core.delete_namespace(NAMESPACE)
    print(f"{rounds} kinds went through")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(str(error))
