import MiphaNN
import MiphaTorch

/// The parameters of another model, shared.
struct StoreSource: ParameterSource {
    let store: ParameterStore

    func parameter(
        _ fact: ParameterFact, shape: [Int], initializer: Initializer
    ) throws -> Tensor? {
        store[fact.name]
    }

    func leftover(besides used: Set<String>) -> [String] {
        store.names.filter { !used.contains($0) }
    }
}
