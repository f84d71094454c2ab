import MiphaChat

/// Divides a list before its images are read, so that those in memory are bounded.
enum BatchWindows {
    /// Distinct images of a window, unless one request alone has more.
    static let pictureCount = 32
    /// Requests of a window.
    static let requestCount = 1024

    /// Places of the requests by window; requests with the same images come one after another.
    static func divide(_ requests: [ChatRequest]) -> [[Int]] {
        var numbers: [[ImageReference]: Int] = [:]
        var groups: [(images: [ImageReference], places: [Int])] = []
        for (place, request) in requests.enumerated() {
            let images = request.images
            if let number = numbers[images] {
                groups[number].places.append(place)
            } else {
                numbers[images] = groups.count
                groups.append((images, [place]))
            }
        }
        var windows: [[Int]] = []
        var window: [Int] = []
        var pictures: Set<ImageReference> = []
        for group in groups {
            for place in group.places {
                let all = pictures.union(group.images)
                if !window.isEmpty, window.count == requestCount || all.count > pictureCount {
                    windows.append(window)
                    (window, pictures) = ([], [])
                }
                pictures.formUnion(group.images)
                window.append(place)
            }
        }
        return window.isEmpty ? windows : windows + [window]
    }
}
