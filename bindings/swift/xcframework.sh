#!/bin/sh
# Makes what the package needs of Rust on Apple's platforms: the bridge as an XCFramework of static libraries, and its
# lower half in Swift. Runs on a Mac with Xcode and rustup, from anywhere in the checkout.
#
#     xcframework.sh               for an app
#     xcframework.sh --test-keys   for `swift test`: accepts keys that are printed in this repository. Never in a product
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
features=
case ${1-} in
'') ;;
--test-keys) features=test-keys ;;
*)
    echo "usage: xcframework.sh [--test-keys]" >&2
    exit 2
    ;;
esac
made=target/swift/apple
generated=$here/Generated
rm -rf "$made" "$generated/ZegelBridgeFFI.xcframework"
mkdir -p "$made/headers/ZegelBridgeFFI" "$generated/ZegelBridge"

build() { # target
    rustup target add "$1"
    cargo build --release -p zegel-uniffi --lib --features "$features" --target "$1" --target-dir target/bindings
}
fat() { # name, target...
    name=$1
    shift
    mkdir -p "$made/$name"
    list=
    for target in "$@"; do
        build "$target"
        list="$list target/bindings/$target/release/libzegel_uniffi.a"
    done
    # shellcheck disable=SC2086 # a list of paths without spaces
    lipo -create $list -output "$made/$name/libzegel_uniffi.a"
}
fat ios aarch64-apple-ios
fat simulator aarch64-apple-ios-sim x86_64-apple-ios
fat macos aarch64-apple-darwin x86_64-apple-darwin

cargo run -p zegel-uniffi --features bindgen --bin uniffi-bindgen --target-dir target/uniffi-bindgen -- generate \
    target/bindings/aarch64-apple-darwin/release/libzegel_uniffi.dylib --language swift --no-format \
    --config bindings/uniffi/bindgen.toml --out-dir "$made/generated"
cp "$made/generated/ZegelBridge.swift" "$generated/ZegelBridge/"
# In a folder of the module's name: several frameworks may lie in one app, and each may have one module map at its root.
cp "$made/generated/ZegelBridgeFFI.h" "$made/headers/ZegelBridgeFFI/"
cp "$made/generated/ZegelBridgeFFI.modulemap" "$made/headers/ZegelBridgeFFI/module.modulemap"

set --
for name in ios simulator macos; do
    set -- "$@" -library "$made/$name/libzegel_uniffi.a" -headers "$made/headers"
done
xcodebuild -create-xcframework "$@" -output "$generated/ZegelBridgeFFI.xcframework"
echo "made $generated/ZegelBridgeFFI.xcframework; for a release, zip it and: swift package compute-checksum FILE"
