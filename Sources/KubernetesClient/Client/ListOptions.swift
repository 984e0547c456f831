/// The query of a list or a watch. Empty strings and nil are left out.
package struct ListOptions: Sendable {
    package var labelSelector: String?
    package var fieldSelector: String?
    /// The most items of one page; the server may return more. Zero or nil: everything.
    package var limit: Int64?
    /// The token of the page before.
    package var `continue`: String?
    /// "" or nil: the newest state; "0": whatever the server has at hand; otherwise at least that version.
    package var resourceVersion: String?
    package var resourceVersionMatch: String?
    /// How long the server keeps a watch open.
    package var timeoutSeconds: Int64?
    package var allowWatchBookmarks: Bool
    /// Asks the watch to begin with the objects that exist already.
    package var sendInitialEvents: Bool

    package init(
        labelSelector: String? = nil, fieldSelector: String? = nil, limit: Int64? = nil, continue: String? = nil,
        resourceVersion: String? = nil, resourceVersionMatch: String? = nil, timeoutSeconds: Int64? = nil,
        allowWatchBookmarks: Bool = false, sendInitialEvents: Bool = false
    ) {
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.limit = limit
        self.continue = `continue`
        self.resourceVersion = resourceVersion
        self.resourceVersionMatch = resourceVersionMatch
        self.timeoutSeconds = timeoutSeconds
        self.allowWatchBookmarks = allowWatchBookmarks
        self.sendInitialEvents = sendInitialEvents
    }

    /// `path` with these options as its query.
    func path(_ path: String, watch: Bool) -> String {
        var query = QueryBuilder(path)
        query.add("watch", watch)
        query.add("labelSelector", labelSelector)
        query.add("fieldSelector", fieldSelector)
        query.add("limit", limit == 0 ? nil : limit)
        query.add("continue", `continue`)
        query.add("resourceVersion", resourceVersion)
        query.add("resourceVersionMatch", resourceVersionMatch)
        query.add("timeoutSeconds", timeoutSeconds)
        query.add("allowWatchBookmarks", allowWatchBookmarks)
        query.add("sendInitialEvents", sendInitialEvents)
        return query.path
    }
}
