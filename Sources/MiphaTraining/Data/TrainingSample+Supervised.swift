import MiphaData
import MiphaModels

extension Sequence<TrainingSample> {
    /// Number of positions whose next id the samples teach.
    var supervisedCount: Int {
        lazy.flatMap(\.rows).reduce(0) { sum, row in
            sum
                + zip(row.ids, row.labels).dropFirst().count { id, label in
                    label != MarkerID.ignored && id != MarkerID.image
                }
        }
    }
}
