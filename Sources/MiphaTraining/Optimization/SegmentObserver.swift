public import MiphaModels

/// Something that acts around the segments of a training pass, such as the exchange between processes.
///
/// A pass calls `willRun` and `didRun` for every segment from the first to the last, then
/// `willRunBackward` and `didRunBackward` from the last downwards as far as anything learns, then
/// `didEndPass`. A segment that is run again in the backward pass is so between the latter two.
public protocol SegmentObserver: AnyObject {
    /// Before a segment's forward pass.
    func willRun(_ segment: Segment) throws
    /// After a segment's forward pass.
    func didRun(_ segment: Segment) throws
    /// Before a segment's backward pass.
    func willRunBackward(_ segment: Segment) throws
    /// After a segment's backward pass; the gradients of parameters that no segment before it reads
    /// are complete for this pass.
    func didRunBackward(_ segment: Segment) throws
    /// After the pass.
    func didEndPass() throws
}
