extension PreferenceOptions {
    /// The objective with its constants.
    public var loss: PreferenceLoss {
        switch objective {
        case .dpo: .dpo(beta: beta, smoothing: smoothing)
        case .ipo: .ipo(beta: beta)
        case .simpo: .simpo(beta: beta, gamma: gamma, smoothing: smoothing)
        }
    }
}
