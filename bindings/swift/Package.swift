// swift-tools-version: 6.0
import PackageDescription

// The lower half, which `cargo xtask swift` (or, for Apple's platforms, `xcframework.sh`) makes from the bridge. It is
// no product, and Zegel's files alone import it: what it declares may change with any version.
#if os(Linux)
let lower = Target.systemLibrary(
    name: "ZegelBridgeFFI", path: "Generated/ZegelBridgeFFI", pkgConfig: "zegel-uniffi")
// What CryptoKit is to the tests elsewhere.
let crypto: [Target] = [
    .systemLibrary(
        name: "COpenSSL", path: "Tests/COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])])
]
#else
let lower = Target.binaryTarget(name: "ZegelBridgeFFI", path: "Generated/ZegelBridgeFFI.xcframework")
let crypto: [Target] = []
#endif

let package = Package(
    name: "Zegel",
    // Those that the XCFramework is made for.
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Zegel", targets: ["Zegel"])],
    targets: [
        .target(
            name: "Zegel", dependencies: ["ZegelBridge", "ZegelBridgeFFI"],
            resources: [.process("PrivacyInfo.xcprivacy")]),
        .target(name: "ZegelBridge", dependencies: ["ZegelBridgeFFI"], path: "Generated/ZegelBridge"),
        lower,
        .systemLibrary(name: "CScript", path: "Tests/CScript"),
        .executableTarget(
            name: "Panics", dependencies: ["Zegel", "CScript"], path: "Tests/Panics"),
        .executableTarget(name: "Opens", dependencies: ["Zegel"], path: "Tests/Opens"),
        .testTarget(
            name: "ZegelTests",
            dependencies: ["Zegel", "ZegelBridge", "CScript", "Panics"]
                + crypto.map { .target(name: $0.name) }),
    ] + crypto
)
