// swift-tools-version: 6.2

import PackageDescription

/// Settings of every Swift target: warnings are errors, memory safety is explicit.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
]

/// A Swift library target at `Sources/<name>`.
func library(
    _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil
) -> Target {
    .target(
        name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

/// A test target at `Tests/<name>`; it always sees the shared test support.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["MiphaTestSupport"], swiftSettings: strict)
}

// MARK: Half one: builds and tests without libtorch

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let core: [Target] = [
    .target(
        name: "CMiphaImage",
        cSettings: [.treatAllWarnings(as: .error)],
        linkerSettings: [
            .linkedLibrary("jpeg"), .linkedLibrary("png"), .linkedLibrary("webp"),
            .linkedLibrary("webpdemux"), .linkedLibrary("gif"),
        ]),
    .target(
        name: "CMiphaZlib",
        cSettings: [.treatAllWarnings(as: .error)],
        linkerSettings: [.linkedLibrary("z")]),
    library("MiphaFiles", ["CMiphaZlib", crypto]),
    library("MiphaCheckpoints", ["MiphaFiles"]),
    library("MiphaTokenizers", ["MiphaFiles"]),
    library("MiphaImaging", ["CMiphaImage", "MiphaFiles"]),
    library("MiphaChat", ["MiphaTokenizers", "MiphaFiles"]),
    library("MiphaData", ["MiphaChat", "MiphaImaging", "MiphaFiles"]),
    library("MiphaDownloads", ["MiphaFiles", crypto, logging]),
    library("MiphaBenchmarks", ["MiphaFiles"]),
    library(
        "MiphaEvaluation",
        ["MiphaBenchmarks", "MiphaDownloads", "MiphaChat", "MiphaImaging", "MiphaFiles"]),
    .target(
        name: "MiphaTestSupport", dependencies: ["MiphaCheckpoints", "MiphaFiles"],
        path: "Tests/MiphaTestSupport", swiftSettings: strict),
    .target(
        name: "MiphaDataFaults",
        dependencies: ["MiphaData", "MiphaImaging", "MiphaFiles", "MiphaTestSupport"],
        path: "Tests/MiphaDataFaults", swiftSettings: strict),
    tests("MiphaFilesTests", ["MiphaFiles"]),
    tests("MiphaCheckpointsTests", ["MiphaCheckpoints", "MiphaFiles"]),
    tests("MiphaTokenizersTests", ["MiphaTokenizers"]),
    tests("MiphaImagingTests", ["MiphaImaging"]),
    tests("MiphaChatTests", ["MiphaChat", "MiphaTokenizers", "MiphaFiles"]),
    tests(
        "MiphaDataTests",
        [
            "MiphaData", "MiphaDataFaults", "MiphaChat", "MiphaTokenizers", "MiphaImaging",
            "MiphaFiles",
        ]),
    tests("MiphaDownloadsTests", ["MiphaDownloads", "MiphaFiles", logging]),
    tests(
        "MiphaBenchmarksTests",
        ["MiphaBenchmarks", "MiphaChat", "MiphaTokenizers", "MiphaFiles"]),
    tests(
        "MiphaEvaluationTests",
        [
            "MiphaEvaluation", "MiphaBenchmarks", "MiphaDownloads", "MiphaChat", "MiphaFiles",
        ]),
]

// MARK: Half two: needs libtorch

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let torch: [Target] = [
    .systemLibrary(name: "CLibTorch", pkgConfig: "libtorch"),
    .target(
        name: "CMiphaTorch", dependencies: ["CLibTorch"],
        cxxSettings: [
            .treatAllWarnings(as: .error), .define("NDEBUG"), .headerSearchPath("."),
        ]),
    library("MiphaTorch", ["CMiphaTorch"]),
    library("MiphaNN", ["MiphaTorch", "MiphaCheckpoints"]),
    library("MiphaModels", ["MiphaNN", "MiphaTorch", "MiphaCheckpoints", "MiphaFiles"]),
    library(
        "MiphaFolders",
        [
            "MiphaModels", "MiphaNN", "MiphaTorch", "MiphaCheckpoints", "MiphaChat",
            "MiphaTokenizers", "MiphaImaging", "MiphaFiles",
        ]),
    library(
        "MiphaTraining",
        [
            "MiphaFolders", "MiphaModels", "MiphaNN", "MiphaTorch", "MiphaCheckpoints", "MiphaData",
            "MiphaChat", "MiphaTokenizers", "MiphaImaging", "MiphaFiles", yams,
        ]),
    library(
        "MiphaInference",
        [
            "MiphaFolders", "MiphaModels", "MiphaNN", "MiphaTorch", "MiphaCheckpoints", "MiphaChat",
            "MiphaTokenizers", "MiphaImaging", "MiphaFiles", logging,
        ]),
    library(
        "MiphaDemo",
        [
            "MiphaTraining", "MiphaInference", "MiphaFolders", "MiphaModels", "MiphaNN",
            "MiphaTorch", "MiphaImaging", "MiphaTokenizers", "MiphaFiles", "MiphaEvaluation",
            "MiphaBenchmarks",
        ],
        resources: [.embedInCode("Resources/tokenizer.json")]),
    .executableTarget(
        name: "mipha",
        dependencies: [
            "MiphaDemo", "MiphaTraining", "MiphaInference", "MiphaFolders", "MiphaModels",
            "MiphaNN", "MiphaTorch", "MiphaCheckpoints", "MiphaChat", "MiphaTokenizers",
            "MiphaImaging", "MiphaFiles", "MiphaEvaluation", "MiphaBenchmarks", "MiphaDownloads",
            "MiphaData", argumentParser, logging,
        ],
        swiftSettings: strict),
    .target(
        name: "MiphaDeviceSupport",
        dependencies: ["MiphaPretend", "MiphaModels", "MiphaNN", "MiphaTorch"],
        path: "Tests/MiphaDeviceSupport", swiftSettings: strict),
    .target(
        name: "MiphaTinyFolder",
        dependencies: [
            "MiphaModels", "MiphaNN", "MiphaTorch", "MiphaImaging", "MiphaFiles",
            "MiphaTestSupport",
        ],
        path: "Tests/MiphaTinyFolder", swiftSettings: strict),
    .target(
        name: "CMiphaPretend", dependencies: ["CLibTorch"], path: "Tests/CMiphaPretend",
        cxxSettings: [
            .treatAllWarnings(as: .error), .define("NDEBUG"), .headerSearchPath("."),
        ]),
    .target(
        name: "MiphaPretend", dependencies: ["CMiphaPretend", "MiphaTorch", "MiphaTestSupport"],
        path: "Tests/MiphaPretend", swiftSettings: strict),
    tests("MiphaPretendTests", ["MiphaPretend", "MiphaTorch", "MiphaFiles"]),
    tests("MiphaTorchTests", ["MiphaPretend", "MiphaTorch", "MiphaFiles"]),
    tests(
        "MiphaNNTests",
        [
            "MiphaNN", "MiphaDeviceSupport", "MiphaPretend", "MiphaTorch", "MiphaCheckpoints",
            "MiphaFiles",
        ]),
    tests(
        "MiphaModelsTests",
        [
            "MiphaModels", "MiphaDeviceSupport", "MiphaPretend", "MiphaNN", "MiphaTorch",
            "MiphaCheckpoints", "MiphaFiles",
        ]),
    tests(
        "MiphaFoldersTests",
        [
            "MiphaFolders", "MiphaTinyFolder", "MiphaModels", "MiphaNN", "MiphaTorch",
            "MiphaCheckpoints", "MiphaChat", "MiphaTokenizers", "MiphaImaging", "MiphaFiles",
        ]),
    tests(
        "MiphaTrainingTests",
        [
            "MiphaTraining", "MiphaDeviceSupport", "MiphaPretend", "MiphaFolders", "MiphaModels",
            "MiphaNN", "MiphaTorch", "MiphaCheckpoints", "MiphaData", "MiphaDataFaults",
            "MiphaChat", "MiphaTokenizers", "MiphaImaging", "MiphaFiles",
        ]),
    tests(
        "MiphaInferenceTests",
        [
            "MiphaInference", "MiphaDeviceSupport", "MiphaPretend", "MiphaFolders",
            "MiphaTinyFolder", "MiphaModels", "MiphaNN", "MiphaTorch", "MiphaCheckpoints",
            "MiphaChat", "MiphaTokenizers", "MiphaImaging", "MiphaFiles",
        ]),
    tests("MiphaDemoTests", ["MiphaDemo", "MiphaImaging", "MiphaFiles"]),
    tests(
        "CommandTests",
        [
            "MiphaTinyFolder", "MiphaPretend", "MiphaModels", "MiphaCheckpoints", "MiphaFiles",
            "mipha",
        ]),
    tests(
        "FamilyTests",
        [
            "MiphaTraining", "MiphaDeviceSupport", "MiphaPretend", "MiphaInference", "MiphaFolders",
            "MiphaModels", "MiphaNN", "MiphaTorch", "MiphaCheckpoints", "MiphaChat", "MiphaImaging",
            "MiphaFiles",
        ]),
    tests(
        "GoldenTests",
        [
            "MiphaTraining", "MiphaDeviceSupport", "MiphaPretend", "MiphaModels", "MiphaNN",
            "MiphaTorch", "MiphaCheckpoints",
        ]),
]

// MARK: The package

/// `MIPHA_WITHOUT_TORCH=1` leaves the half that needs libtorch, and what only it uses, out.
let withoutTorch = Context.environment["MIPHA_WITHOUT_TORCH"] == "1"

let package = Package(
    name: "mipha",
    platforms: [.macOS(.v15)],
    products: withoutTorch
        ? []
        : [
            .executable(name: "mipha", targets: ["mipha"]),
            .library(
                name: "Mipha",
                targets: [
                    "MiphaTorch", "MiphaFiles", "MiphaCheckpoints", "MiphaNN", "MiphaModels",
                    "MiphaTokenizers", "MiphaImaging", "MiphaChat", "MiphaFolders",
                    "MiphaInference", "MiphaTraining", "MiphaBenchmarks", "MiphaDownloads",
                    "MiphaEvaluation", "MiphaData",
                ]),
            // For tests of the executable, which is run with it preloaded; `make release` leaves it out.
            .library(name: "MiphaPretendDevice", type: .dynamic, targets: ["CMiphaPretend"]),
        ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ]
        + (withoutTorch
            ? []
            : [
                .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
                .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
            ]),
    targets: withoutTorch ? core : core + torch,
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu17,
    cxxLanguageStandard: .cxx20)
