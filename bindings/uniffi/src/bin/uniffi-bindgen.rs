//! Writes the lower half of a language's binding from the built library.

fn main() {
    uniffi::uniffi_bindgen_main();
}
