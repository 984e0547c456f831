/// The resource catalogue as text: a line per resource, a line per subresource. Read by `ResourceCatalog` in KubernetesAPI.
///
///     resource apps v1 deployments Deployment namespaced create,delete,... short=deploy categories=all
///      scale autoscaling/v1/Scale get,patch,update
struct CatalogTable {
    let resources: [ResourceDescription]

    func file() -> OutputFile {
        var lines = ["# \(OutputFolder.mark); do not edit."]
        for resource in resources {
            var words = [
                "resource", resource.group.isEmpty ? "-" : resource.group, resource.version, resource.plural, resource.kind,
                resource.isNamespaced ? "namespaced" : "cluster", resource.verbs.isEmpty ? "-" : resource.verbs.joined(separator: ","),
            ]
            if !resource.shortNames.isEmpty { words.append("short=" + resource.shortNames.joined(separator: ",")) }
            if !resource.categories.isEmpty { words.append("categories=" + resource.categories.joined(separator: ",")) }
            lines.append(words.joined(separator: " "))
            for subresource in resource.subresources {
                let kind = "\(subresource.kind.group)/\(subresource.kind.version)/\(subresource.kind.kind)"
                lines.append(" \(subresource.name) \(kind) \(subresource.verbs.joined(separator: ","))")
            }
        }
        return OutputFile(name: "catalog.txt", text: lines.joined(separator: "\n") + "\n")
    }
}
