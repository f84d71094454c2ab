import MiphaPretend
import Testing

/// The device's own facts: how it stores, copies, counts and refuses.
@Suite(.serialized) struct ProbeTests {
    @Test(arguments: PretendProbe.all)
    func `the device is what its probes claim`(_ probe: PretendProbe) {
        let found = PretendDevice.alone { probe.run() }
        #expect(found == nil, "\(probe)")
    }

    @Test func `there are probes`() {
        #expect(PretendProbe.all.count > 15)
        #expect(Set(PretendProbe.all.map(\.description)).count == PretendProbe.all.count)
    }
}
