import JSON
import KubernetesAPI
import Testing

@Suite struct SchemaTableTests {
    @Test func aFieldMayBeCalledRequired() throws {
        let schema = try #require(Schema.named("apiextensions.v1.JSONSchemaProps"))
        #expect(schema.field("required")?.isRequired == false)
        #expect(Schema.named("apiextensions.v1.CustomResourceDefinition")?.field("spec")?.isRequired == true)
    }

    @Test func everyTypeParsesAndEveryReferenceResolves() throws {
        let names = Schema.builtInNames
        #expect(names.count > 600)
        for name in names {
            let schema = try #require(Schema.named(name))
            #expect(Set(schema.fields.map(\.name)).count == schema.fields.count, "\(name) has a field twice")
            for field in schema.fields {
                check(field.type, of: "\(name).\(field.name)")
                if case .map(let keys) = field.listType {
                    let element = try #require(field.type.elementSchema, "\(name).\(field.name) is no list of objects")
                    for key in keys { #expect(element.field(key) != nil, "\(name).\(field.name) has the key \(key)") }
                }
                if let key = field.patchMergeKey, let element = field.type.elementSchema {
                    #expect(element.field(key) != nil, "\(name).\(field.name) has the merge key \(key)")
                }
            }
        }
    }

    private func check(_ type: Schema.ValueType, of place: String) {
        switch type {
        case .object(let reference): #expect(reference.schema != nil, "\(place) refers to \(reference.name)")
        case .array(let element), .map(let element): check(element, of: place)
        default: break
        }
    }

    @Test func everyResourceHasASchema() {
        let catalog = ResourceCatalog.builtIn
        #expect(catalog.resources.count > 80)
        for resource in catalog.resources {
            #expect(resource.schema?.kind == resource.kind, "\(resource.type.groupResource) \(resource.type.version)")
            #expect(resource.schema?.field("metadata") != nil)
            #expect(!resource.verbs.isEmpty)
            for subresource in resource.subresources { #expect(!subresource.verbs.isEmpty) }
        }
    }

    @Test func knownFacts() throws {
        let pod = try #require(Schema.of(group: "", version: "v1", kind: "Pod"))
        #expect(pod.openAPIName == "io.k8s.api.core.v1.Pod")
        let containers = try #require(pod.field(at: ["spec", "containers"]))
        #expect(containers.isRequired)
        #expect(containers.listType == .map(keys: ["name"]))
        #expect(containers.patchStrategy == .merge)
        #expect(containers.patchMergeKey == "name")
        #expect(containers.protobufPath == [2])
        let volumes = try #require(pod.field(at: ["spec", "volumes"]))
        #expect(volumes.patchStrategy == [.merge, .retainKeys])
        let ports = try #require(pod.field(at: ["spec", "containers", "ports"]))
        #expect(ports.listType == .map(keys: ["containerPort", "protocol"]))
        #expect(ports.patchMergeKey == "containerPort")
        #expect(pod.field(at: ["spec", "volumes", "emptyDir"])?.protobufPath == [2, 2])
        #expect(pod.field(at: ["spec", "nothing", "there"]) == nil)
        #expect(Schema.named("core.v1.LabelSelector") == nil)
        #expect(Schema.named("meta.v1.LabelSelector")?.isAtomic == true)
        #expect(pod === Schema.named("core.v1.Pod"))
    }

    @Test func catalogueLookUps() throws {
        let catalog = ResourceCatalog.builtIn
        let deployments = try #require(catalog.resource(group: "apps", version: "v1", plural: "deployments"))
        #expect(
            deployments.type
                == ResourceType(
                    group: "apps", version: "v1", kind: "Deployment", plural: "deployments", singular: "deployment", namespaced: true))
        #expect(deployments.shortNames == ["deploy"])
        #expect(deployments.categories == ["all"])
        #expect(deployments.verbs == ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"])
        #expect(deployments.subresource("scale")?.kind == GroupVersionKind(group: "autoscaling", version: "v1", kind: "Scale"))
        #expect(catalog.resource(of: GroupVersionKind(apiVersion: "v1", kind: "Node"))?.type.namespaced == false)
        #expect(catalog.resource(group: "", version: "v1", plural: "pods")?.subresource("exec")?.verbs == ["create", "get"])
        #expect(catalog.resource(group: "", version: "v1", plural: "namespaces")?.verbs.contains("deletecollection") == false)
    }
}
