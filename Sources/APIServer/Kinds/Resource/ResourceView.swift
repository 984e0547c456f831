import JSON

/// resource.k8s.io/v1beta1, in which a request's devices and a device's properties stand elsewhere than in v1.
enum ResourceView {
    private static let requestFields = ["deviceClassName", "selectors", "allocationMode", "count", "adminAccess", "tolerations", "capacity"]

    static let claim = conversion(toStorage: { $0.edit("spec", wrapRequests) }, fromStorage: { $0.edit("spec", unwrapRequests) })
    static let claimTemplate = conversion(
        toStorage: { $0.edit("spec") { $0.edit("spec", wrapRequests) } }, fromStorage: { $0.edit("spec") { $0.edit("spec", unwrapRequests) } })
    static let slice = conversion(
        toStorage: { slice in
            slice.edit("spec") { spec in
                spec.editEach("devices") { device in
                    guard let basic = device["basic"]?.objectValue else { return }
                    device["basic"] = nil
                    for (name, value) in basic { device[name] = value }
                }
            }
        },
        fromStorage: { slice in
            slice.edit("spec") { spec in
                spec.editEach("devices") { device in
                    guard let members = device.objectValue else { return }
                    var basic = JSONObject()
                    for (name, value) in members where name != "name" { basic[name] = value }
                    device = ["name": device["name"] ?? "", "basic": .object(basic)]
                }
            }
        })

    private static func conversion(
        toStorage: @escaping @Sendable (inout JSONValue) -> Void, fromStorage: @escaping @Sendable (inout JSONValue) -> Void
    ) -> VersionConversion {
        VersionConversion(
            toStorage: { object in
                object["apiVersion"] = "resource.k8s.io/v1"
                toStorage(&object)
            },
            fromStorage: { object in
                object["apiVersion"] = "resource.k8s.io/v1beta1"
                fromStorage(&object)
            })
    }

    @Sendable private static func wrapRequests(_ spec: inout JSONValue) {
        spec.edit("devices") { devices in
            devices.editEach("requests") { request in
                var exactly = JSONObject()
                for field in requestFields {
                    if let value = request[field] { exactly[field] = value }
                    request[field] = nil
                }
                if !exactly.isEmpty { request["exactly"] = .object(exactly) }
            }
        }
    }

    @Sendable private static func unwrapRequests(_ spec: inout JSONValue) {
        spec.edit("devices") { devices in
            devices.editEach("requests") { request in
                guard let exactly = request["exactly"]?.objectValue else { return }
                request["exactly"] = nil
                for (name, value) in exactly { request[name] = value }
            }
        }
    }
}
