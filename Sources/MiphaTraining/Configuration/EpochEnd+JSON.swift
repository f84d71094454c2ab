import MiphaData
import MiphaFiles

extension EpochEnd {
    /// The value under `dataloader_drop_last`.
    var json: JSONValue {
        switch self {
        case .kept: false
        case .dropped: true
        case .former: .string(rawValue)
        }
    }
}
