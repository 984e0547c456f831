/// The plugins that can turn a node down, by upstream's names.
enum PluginName: UInt16, Sendable {
    case nodeUnschedulable, nodeName, taintToleration, nodeAffinity, nodePorts, nodeResourcesFit
    case podTopologySpread, interPodAffinity, volumeBinding, schedulingGates

    var text: String {
        switch self {
        case .nodeUnschedulable: "NodeUnschedulable"
        case .nodeName: "NodeName"
        case .taintToleration: "TaintToleration"
        case .nodeAffinity: "NodeAffinity"
        case .nodePorts: "NodePorts"
        case .nodeResourcesFit: "NodeResourcesFit"
        case .podTopologySpread: "PodTopologySpread"
        case .interPodAffinity: "InterPodAffinity"
        case .volumeBinding: "VolumeBinding"
        case .schedulingGates: "SchedulingGates"
        }
    }
}

/// Some of the plugins.
struct PluginSet: OptionSet, Hashable, Sendable {
    let rawValue: UInt16

    /// Those that judge a node by itself, whatever there is on other nodes.
    static let nodeLocal: PluginSet = [
        PluginSet(.nodeUnschedulable), PluginSet(.nodeName), PluginSet(.taintToleration), PluginSet(.nodeAffinity), PluginSet(.nodePorts),
        PluginSet(.nodeResourcesFit),
    ]

    init(rawValue: UInt16) { self.rawValue = rawValue }
    init(_ name: PluginName) { self.init(rawValue: 1 << name.rawValue) }
}

/// Why a node does not suit a pod, as people read it in events. The texts are upstream's, which tools look for.
enum Reason: Hashable, Sendable {
    case nodeUnschedulable
    case nodeName
    case untoleratedTaints
    case nodeAffinity
    case nodePorts
    case tooManyPods
    case insufficient(resource: String)
    case topologySpread
    case topologySpreadLabel
    case podAffinity
    case podAntiAffinity
    case existingAntiAffinity
    case notSelected(by: PluginName)
    case volume(String)
    case noVictims
    case preemptionNotHelpful

    var text: String {
        switch self {
        case .nodeUnschedulable: "node(s) were unschedulable"
        case .nodeName: "node(s) didn't match the requested node name"
        case .untoleratedTaints: "node(s) had untolerated taint(s)"
        case .nodeAffinity: "node(s) didn't match Pod's node affinity/selector"
        case .nodePorts: "node(s) didn't have free ports for the requested pod ports"
        case .tooManyPods: "Too many pods"
        case .insufficient(let resource): "Insufficient \(resource)"
        case .topologySpread: "node(s) didn't match pod topology spread constraints"
        case .topologySpreadLabel: "node(s) didn't match pod topology spread constraints (missing required label)"
        case .podAffinity: "node(s) didn't match pod affinity rules"
        case .podAntiAffinity: "node(s) didn't match pod anti-affinity rules"
        case .existingAntiAffinity: "node(s) didn't satisfy existing pods anti-affinity rules"
        case .notSelected(let plugin): "node(s) didn't satisfy plugin(s) [\(plugin.text)]"
        case .volume(let text): text
        case .noVictims: "No preemption victims found for incoming pod"
        case .preemptionNotHelpful: "Preemption is not helpful for scheduling"
        }
    }
}

/// A plugin's no to a node.
struct Rejection: Sendable {
    var plugin: PluginName
    var reasons: [Reason]
    /// Whether the node could suit if pods there were removed.
    var preemptionMayHelp: Bool

    init(_ plugin: PluginName, _ reason: Reason, preemptionMayHelp: Bool) {
        self.init(plugin, [reason], preemptionMayHelp: preemptionMayHelp)
    }

    init(_ plugin: PluginName, _ reasons: [Reason], preemptionMayHelp: Bool) {
        self.plugin = plugin
        self.reasons = reasons
        self.preemptionMayHelp = preemptionMayHelp
    }
}
