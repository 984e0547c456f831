import AppsV1
import CoreV1
import JSON
import KubernetesAPI

extension PodTemplateSpec {
    /// What a ControllerRevision keeps: the strategic merge patch that brings the template back.
    var revisionPatch: JSONValue {
        var template = tree()
        template["$patch"] = "replace"
        return (["spec": ["template": template]] as JSONValue).withSortedKeys
    }
}

extension ControllerRevision {
    /// The label by which pods and revisions find each other.
    static let hashLabel = "controller-revision-hash"

    func holds(_ patch: JSONValue) -> Bool {
        guard let data else { return false }
        return data.tree == patch
    }

    /// The template in the revision's patch; nil when it holds something else.
    var template: PodTemplateSpec? {
        guard var template = data?.tree["spec"]?["template"] else { return nil }
        template["$patch"] = nil
        return try? PodTemplateSpec(tree: template)
    }
}
