// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "grouped",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "mipha", path: "../..")],
    targets: [
        .executableTarget(
            name: "grouped", dependencies: [.product(name: "Mipha", package: "mipha")])
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx20)
