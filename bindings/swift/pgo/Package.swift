// swift-tools-version: 6.0
import PackageDescription

// An MQTT client that the system brings, so that this builds without a network. An app takes one of its own ecosystem.
let package = Package(
    name: "pgo",
    platforms: [.macOS(.v12)],
    dependencies: [.package(name: "Zegel", path: "..")],
    targets: [
        .systemLibrary(
            name: "CMosquitto", pkgConfig: "libmosquitto",
            providers: [.apt(["libmosquitto-dev"]), .brew(["mosquitto"])]),
        .executableTarget(
            name: "pgo", dependencies: [.product(name: "Zegel", package: "Zegel"), "CMosquitto"]),
    ]
)
