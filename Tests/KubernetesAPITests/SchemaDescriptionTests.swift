import KubernetesAPI
import Testing

@Suite struct SchemaDescriptionTests {
    @Test func everyDescribedTypeAndFieldExists() {
        let described = SchemaDescriptions.builtIn.described
        #expect(described.count > 500)
        for (type, field) in described {
            let schema = Schema.named(type)
            #expect(schema != nil, "\(type)")
            if let field { #expect(schema?.field(field) != nil, "\(type).\(field)") }
        }
    }

    @Test func lookUps() {
        let descriptions = SchemaDescriptions.builtIn
        #expect(descriptions.type("core.v1.Pod")?.isEmpty == false)
        #expect(descriptions.field("containers", of: "core.v1.PodSpec")?.isEmpty == false)
        #expect(descriptions.field("apiVersion", of: "core.v1.Pod") == descriptions.field("apiVersion", of: "*"))
        #expect(descriptions.field("apiVersion", of: "meta.v1.OwnerReference") != descriptions.field("apiVersion", of: "*"))
        #expect(descriptions.type("core.v1.Nothing") == nil)
    }
}
