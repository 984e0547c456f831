import Crypto
import JSON
import KubernetesAPI

/// All discovery documents for one state of the served resources, ready to send.
struct DiscoveryDocuments: Sendable {
    struct Document: Sendable {
        let bytes: [UInt8]
        /// In quotes, as the `ETag` header has it.
        let tag: String

        init(_ json: JSONValue) {
            bytes = json.serialized()
            tag = "\"" + SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined() + "\""
        }
    }

    /// By path without a slash at the end: `/api`, `/apis`, `/api/v1`, `/apis/apps`, `/apis/apps/v1`.
    private(set) var plain: [String: Document] = [:]
    /// `/api` and `/apis` in the aggregated form, by the version of that form.
    private(set) var aggregated: [String: [String: Document]] = [:]

    init(resources: [DiscoveryResource], serverAddress: String) {
        let groups = DiscoveryGroup.groups(of: resources)
        plain["/api"] = Document([
            "kind": "APIVersions",
            "versions": .array(groups.first { $0.name.isEmpty }?.versions.map { .string($0.name) } ?? []),
            "serverAddressByClientCIDRs": [["clientCIDR": "0.0.0.0/0", "serverAddress": .string(serverAddress)]],
        ])
        let named = groups.filter { !$0.name.isEmpty }
        plain["/apis"] = Document(["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(named.map(Self.summary))])
        for group in groups {
            let prefix = group.name.isEmpty ? "/api" : "/apis/\(group.name)"
            if !group.name.isEmpty {
                plain[prefix] = Document(.object(["kind": "APIGroup", "apiVersion": "v1"]).merging(Self.summary(group)))
            }
            for version in group.versions {
                plain["\(prefix)/\(version.name)"] = Document([
                    "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(groupVersion(group.name, version.name)),
                    "resources": .array(version.resources.flatMap(Self.entries)),
                ])
            }
        }
        for form in ["v2", "v2beta1"] {
            func document(_ groups: [DiscoveryGroup]) -> Document {
                Document([
                    "kind": "APIGroupDiscoveryList", "apiVersion": .string("apidiscovery.k8s.io/\(form)"), "metadata": [:],
                    "items": .array(groups.map(Self.aggregate)),
                ])
            }
            aggregated["/api", default: [:]][form] = document(groups.filter(\.name.isEmpty))
            aggregated["/apis", default: [:]][form] = document(named)
        }
    }

    private static func summary(_ group: DiscoveryGroup) -> JSONValue {
        let versions = group.versions.map { version -> JSONValue in
            ["groupVersion": .string(groupVersion(group.name, version.name)), "version": .string(version.name)]
        }
        return ["name": .string(group.name), "versions": .array(versions), "preferredVersion": versions.first ?? [:]]
    }

    private static func entries(_ resource: DiscoveryResource) -> [JSONValue] {
        let type = resource.type
        var entry: JSONValue = [
            "name": .string(type.plural), "singularName": .string(type.singular), "namespaced": .bool(type.namespaced), "kind": .string(type.kind),
            "verbs": texts(resource.verbs),
        ]
        if !resource.shortNames.isEmpty { entry["shortNames"] = texts(resource.shortNames) }
        if !resource.categories.isEmpty { entry["categories"] = texts(resource.categories) }
        let subresources = resource.subresources.map { subresource -> JSONValue in
            var entry: JSONValue = [
                "name": .string("\(type.plural)/\(subresource.name)"), "singularName": "", "namespaced": .bool(type.namespaced),
            ]
            let kind = subresource.kind
            if kind.group != type.group || kind.version != type.version {
                if !kind.group.isEmpty { entry["group"] = .string(kind.group) }
                entry["version"] = .string(kind.version)
            }
            entry["kind"] = .string(kind.kind)
            entry["verbs"] = texts(subresource.verbs)
            return entry
        }
        // A resource without verbs is there only for its subresources (and for creating reviews it has `create`).
        return (resource.verbs.isEmpty ? [] : [entry]) + subresources
    }

    private static func aggregate(_ group: DiscoveryGroup) -> JSONValue {
        let versions = group.versions.map { version -> JSONValue in
            [
                "version": .string(version.name), "resources": .array(version.resources.map(aggregate)), "freshness": "Current",
            ]
        }
        return ["metadata": group.name.isEmpty ? [:] : ["name": .string(group.name)], "versions": .array(versions)]
    }

    private static func aggregate(_ resource: DiscoveryResource) -> JSONValue {
        let type = resource.type
        var entry: JSONValue = [
            "resource": .string(type.plural), "responseKind": kind(resource.kind), "scope": type.namespaced ? "Namespaced" : "Cluster",
            "singularResource": .string(type.singular), "verbs": texts(resource.verbs),
        ]
        if !resource.shortNames.isEmpty { entry["shortNames"] = texts(resource.shortNames) }
        if !resource.categories.isEmpty { entry["categories"] = texts(resource.categories) }
        if !resource.subresources.isEmpty {
            entry["subresources"] = .array(
                resource.subresources.map { subresource -> JSONValue in
                    [
                        "subresource": .string(subresource.name), "responseKind": kind(subresource.kind), "verbs": texts(subresource.verbs),
                    ]
                })
        }
        return entry
    }

    private static func kind(_ kind: GroupVersionKind) -> JSONValue {
        ["group": .string(kind.group), "version": .string(kind.version), "kind": .string(kind.kind)]
    }

    private static func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}

private func groupVersion(_ group: String, _ version: String) -> String { group.isEmpty ? version : "\(group)/\(version)" }

extension JSONValue {
    /// The members of both objects; those of `other` win.
    fileprivate func merging(_ other: JSONValue) -> JSONValue {
        var result = self
        for (key, value) in other.objectValue ?? JSONObject() { result[key] = value }
        return result
    }
}
