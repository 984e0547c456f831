"""Subresources and reviews through the official client's typed calls. Ends with the first failure's words and a code other than zero."""

import sys

import urllib3
from kubernetes import client, config

NAMESPACE = "python-subresources"
POD = {
    "metadata": {"name": "p", "labels": {"app": "p"}},
    "spec": {
        "nodeSelector": {"no-such": "node"},
        "containers": [{"name": "c", "image": "no.example/image:1", "resources": {"requests": {"cpu": "10m"}}}],
    },
}


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def workloads(apps):
    template = {"metadata": {"labels": {"app": "d"}}, "spec": POD["spec"]}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "d"}}, "template": template}
    apps.create_namespaced_deployment(NAMESPACE, {"metadata": {"name": "d"}, "spec": spec})
    scale = apps.read_namespaced_deployment_scale("d", NAMESPACE)
    check(scale.spec.replicas in (0, None) and scale.status.selector == "app=d", f"the scale is {scale}")
    while True:
        scale.spec.replicas = 2
        try:
            check(apps.replace_namespaced_deployment_scale("d", NAMESPACE, scale).spec.replicas == 2, "replacing the scale changed nothing")
            break
        except client.exceptions.ApiException as error:
            # The controller has written in between.
            check(error.status == 409, f"replacing the scale answered {error.status}")
            scale = apps.read_namespaced_deployment_scale("d", NAMESPACE)
    apps.patch_namespaced_deployment_scale("d", NAMESPACE, {"spec": {"replicas": 1}})
    check(apps.read_namespaced_deployment("d", NAMESPACE).spec.replicas == 1, "the deployment has other replicas than its scale")


def pods(core):
    core.create_namespaced_pod(NAMESPACE, POD)
    body = {"spec": {"ephemeralContainers": [{"name": "e", "image": "no.example/image:1"}]}}
    core.patch_namespaced_pod_ephemeralcontainers("p", NAMESPACE, body)
    check(core.read_namespaced_pod("p", NAMESPACE).spec.ephemeral_containers[0].name == "e", "there is no ephemeral container")
    core.patch_namespaced_pod_resize("p", NAMESPACE, {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "20m"}}}]}})
    pod = core.read_namespaced_pod("p", NAMESPACE)
    check(pod.spec.containers[0].resources.requests["cpu"] == "20m", "the pod was not resized")
    condition = {"type": "example.com/Round", "status": "True"}
    core.patch_namespaced_pod_status("p", NAMESPACE, {"status": {"conditions": [condition]}})
    pod = core.read_namespaced_pod_status("p", NAMESPACE)
    check(any(item.type == "example.com/Round" for item in pod.status.conditions), "the condition is not there")
    core.create_namespaced_pod_eviction("p", NAMESPACE, {"metadata": {"name": "p", "namespace": NAMESPACE}})
    check(not core.list_namespaced_pod(NAMESPACE, label_selector="app=p").items, "an evicted pod that ran nowhere is still there")


def identities(api, core):
    core.create_namespaced_service_account(NAMESPACE, {"metadata": {"name": "s"}})
    request = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=["round"], expiration_seconds=600))
    token = core.create_namespaced_service_account_token("s", NAMESPACE, request).status.token
    review = client.V1TokenReview(spec=client.V1TokenReviewSpec(token=token, audiences=["round"]))
    user = client.AuthenticationV1Api(api).create_token_review(review).status.user
    check(user.username == f"system:serviceaccount:{NAMESPACE}:s", f"the token is of {user.username}")
    asked = client.V1ResourceAttributes(verb="delete", resource="nodes")
    review = client.V1SubjectAccessReview(spec=client.V1SubjectAccessReviewSpec(user=user.username, resource_attributes=asked))
    check(not client.AuthorizationV1Api(api).create_subject_access_review(review).status.allowed, "an account may do what nobody allowed")
    review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=asked))
    check(client.AuthorizationV1Api(api).create_self_subject_access_review(review).status.allowed, "the administrator may not")


def main():
    urllib3.disable_warnings()
    api = config.new_client_from_config()
    core = client.CoreV1Api(api)
    core.create_namespace({"metadata": {"name": NAMESPACE}})
    workloads(client.AppsV1Api(api))
    pods(core)
    identities(api, core)
    core.delete_namespace(NAMESPACE)
    print("all subresources answered")


if __name__ == "__main__":
    try:
        main()
    except (AssertionError, client.exceptions.ApiException) as error:
        sys.exit(str(error))
