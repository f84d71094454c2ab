extension SampleIndex: SampleSource {}
