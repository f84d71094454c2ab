import MiphaFiles

extension BenchmarkFiles {
    /// An image, or where it should be when it is not there, or the places of which one is meant;
    /// loading it then says so.
    ///
    /// So a missing image does not stop an evaluation before its first question.
    func expectedImage(_ name: String, in folders: [String]) -> PictureSource {
        let places = places(of: name, in: folders)
        if places.count == 1 { return PictureSource(name: name, place: places[0]) }
        if places.count > 1 { return PictureSource(name: name, place: .oneOf(places)) }
        let folder = folders.first.map { $0.isEmpty ? "" : "\($0)/" } ?? ""
        return PictureSource(name: name, place: .file("\(path)/\(folder)\(name)"))
    }

    /// The folder to look for images in: this one, or the one this file is in.
    func folder() throws(EvaluationError) -> BenchmarkFiles {
        isFile ? try BenchmarkFiles(FileSystem.folder(of: path)) : self
    }
}
