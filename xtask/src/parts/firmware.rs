//! The part `firmware`: the C library in images for a microcontroller, run by an emulator that counts instructions.
//! `cargo xtask firmware` writes what it measures into `ffi/README.md`; the test holds the budgets.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{Run, Show, Stop, execute};
use crate::tools;

/// A target, and what its C compiler has to know.
struct Target {
    triple: &'static str,
    chip: &'static str,
    flags: &'static [&'static str],
}

/// How the library is built: small, or fast.
struct Profile {
    name: &'static str,
    opt_level: &'static str,
    features: &'static str,
    flags: &'static str,
    /// With a core of its own, whose panics are traps, and without frame pointers: options of rustc that are not stable.
    own_core: bool,
}

const M4: Target = Target {
    triple: "thumbv7em-none-eabihf",
    chip: "Cortex-M4",
    flags: &["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"],
};
const M0: Target =
    Target { triple: "thumbv6m-none-eabi", chip: "Cortex-M0+", flags: &["-mcpu=cortex-m0plus", "-mthumb"] };
const SMALL: Profile =
    Profile { name: "small", opt_level: "z", features: "panic-handler", flags: SHORT, own_core: true };
const FAST: Profile =
    Profile { name: "fast", opt_level: "3", features: "panic-handler,fast", flags: "", own_core: true };
/// As `SMALL`, with what a stable toolchain has.
const STABLE: Profile = Profile { name: "stable", own_core: false, ..SMALL };
/// The columns of the table.
const MEASURED: [(&Target, &Profile); 4] = [(&M4, &SMALL), (&M4, &FAST), (&M0, &SMALL), (&M0, &FAST)];
/// As much inlining as makes the code shorter, and the shortest field arithmetic, which is the formally verified one.
pub(super) const SHORT: &str = "-C llvm-args=-inline-threshold=25 --cfg curve25519_dalek_backend=\"fiat\"";
/// A call is short here. For the last crate alone, with which all are compiled into one.
pub(super) const SHORT_CALLS: &str = "-C llvm-args=-inline-call-penalty=5";

/// Most of each: bytes of flash and of stack, instructions. Where it says so, what was aimed at is not reached yet, and
/// what was measured, and 1 %, is held instead.
const BUDGETS: &[(&str, &str, u64)] = &[
    // Aimed at 36 KB.
    ("small", "flash of seal", 47_300),
    // Aimed at 46 KB.
    ("small", "flash of open", 71_100),
    ("small", "static memory", 1024),
    ("small", "stack of seal", 6 * 1024),
    ("small", "stack of keyframe", 6 * 1024),
    ("small", "stack of message", 6 * 1024),
    ("small", "stack of manifest", 6 * 1024),
    ("small", "instructions of seal", 5_400_000),
    ("fast", "instructions of seal", 2_800_000),
    ("small", "instructions of message-with-manifest", 120_000),
    ("fast", "instructions of message-with-manifest", 120_000),
];

type Figures = BTreeMap<String, u64>;

/// Builds, measures, runs and judges.
pub(super) fn run(run: &mut Run) -> Result<(), Stop> {
    let root = run.root().to_owned();
    run.check("the cross compiler and the emulator", || needs(&root))?;
    let mut figures = BTreeMap::new();
    for (target, profile) in MEASURED {
        let name = format!("{}, {}", target.chip, profile.name);
        let measured = run.check(&name, || measure(&root, target, profile))?;
        figures.insert(name, measured);
    }
    run.check("budgets", || within(&figures))?;
    run.check("small, from a stable toolchain", || clean(&archive(&root, M4.triple, &STABLE)?, CHECKS))?;
    run.check("a device that pairs, seals and is reset", || device(&root))?;
    let mut test = super::cargo(&[
        "test",
        "-p",
        "zegel-ffi",
        "--test",
        "firmware",
        "--target-dir",
        "target/ffi",
        "--",
        "--ignored",
    ]);
    run.step("what it published opens", Show::Failure, test.env("ZEGEL_PUBLISHED", root.join(PUBLISHED)))
}

/// `cargo xtask firmware`: measures and writes the table.
pub(crate) fn write_table(root: &Path) -> Result<(), String> {
    needs(root)?;
    let mut figures = BTreeMap::new();
    for (target, profile) in MEASURED {
        figures.insert(format!("{}, {}", target.chip, profile.name), measure(root, target, profile)?);
    }
    let path = root.join("ffi/README.md");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let (before, rest) = text.split_once(BEGIN).ok_or("ffi/README.md has no place for the table")?;
    let (_, after) = rest.split_once(END).ok_or("the table in ffi/README.md has no end")?;
    let text = format!("{before}{BEGIN}\n{}{END}{after}", table(&figures));
    std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
}

/// `cargo xtask firmware build TARGET PROFILE`: the archive for a product, and where it is.
pub(crate) fn build(root: &Path, triple: &str, profile: &str) -> Result<(), String> {
    let profile = [SMALL, FAST, STABLE].into_iter().find(|known| known.name == profile);
    let profile = profile.ok_or("the profiles are small, fast and stable")?;
    tools::rust_target(root, triple)?;
    if profile.own_core {
        tools::rust_source(root)?;
    }
    println!("{}", archive(root, triple, &profile)?.display());
    Ok(())
}

fn needs(root: &Path) -> Result<(), String> {
    tools::rust_target(root, M4.triple)?;
    tools::rust_target(root, M0.triple)?;
    tools::rust_source(root)?;
    tools::system(root, "arm-none-eabi-gcc", "gcc-arm-none-eabi")?;
    tools::package(root, Path::new("/usr/lib/arm-none-eabi/newlib/libc.a"), "libnewlib-arm-none-eabi")?;
    tools::system(root, "qemu-system-arm", "qemu-system-arm").map(|_| ())
}

/// The archive of a profile.
fn archive(root: &Path, triple: &str, profile: &Profile) -> Result<PathBuf, String> {
    let folder = format!("target/firmware/{triple}-{}", profile.name);
    let mut build =
        super::cargo(&["rustc", "--quiet", "-p", "zegel-ffi", "--lib", "--crate-type", "staticlib"]);
    build.args(["--no-default-features", "--features", profile.features, "--profile", "firmware"]);
    build.args(["--target-dir", &folder]);
    build.env("CARGO_PROFILE_FIRMWARE_OPT_LEVEL", profile.opt_level);
    let mut flags = format!("{COMPACT} {}", profile.flags);
    if profile.own_core {
        build.args(["-Z", "build-std=core", "-Z", "build-std-features=optimize_for_size"]);
        build.args(["-Z", "json-target-spec", "--target"]).arg(without_frame_pointers(root, triple)?);
        build.env("RUSTC_BOOTSTRAP", "1");
        flags.push_str(" -Z unstable-options -C panic=immediate-abort");
    } else {
        build.args(["--target", triple]);
    }
    build.env("RUSTFLAGS", flags);
    if profile.flags == SHORT {
        build.arg("--").args(SHORT_CALLS.split(' '));
    }
    execute(build.current_dir(root), Show::Failure, root)?;
    Ok(root.join(folder).join(triple).join("firmware/libzegel_ffi.a"))
}

/// The target as rustc describes it, but for the frame pointers that it keeps on Arm: without them functions have one
/// register more, of those that short instructions reach, and shorter ends.
fn without_frame_pointers(root: &Path, triple: &str) -> Result<PathBuf, String> {
    let print = ["--print", "target-spec-json", "-Z", "unstable-options", "--target", triple];
    let target = tools::output("env", &[&["RUSTC_BOOTSTRAP=1", "rustc"], &print[..]].concat())?;
    let (kept, omitted) = ("\"frame-pointer\": \"always\"", "\"frame-pointer\": \"may-omit\"");
    // The archive goes into a folder of the file's name.
    let path = root.join(format!("target/firmware/{triple}.json"));
    let written = std::fs::create_dir_all(root.join("target/firmware"))
        .and_then(|()| std::fs::write(&path, target.replace(kept, omitted)));
    written.map(|()| path.clone()).map_err(|e| format!("{}: {e}", path.display()))
}

fn image(root: &Path, target: &Target, archive: &Path, name: &str) -> Result<PathBuf, String> {
    let out = archive.with_file_name(format!("{name}.elf"));
    let mut gcc = Command::new("arm-none-eabi-gcc");
    gcc.args(target.flags).args(C_FLAGS);
    for file in ["board.c", "flash.c", "world.c", &format!("{name}.c")] {
        gcc.arg(format!("ffi/firmware/{file}"));
    }
    gcc.args(LIBC).arg(archive).args(["-lgcc", "-Wl,--gc-sections", "-Wl,--no-warnings"]);
    gcc.args(["-T", "ffi/firmware/link.ld", "-o"]).arg(&out);
    execute(gcc.current_dir(root), Show::Failure, root)?;
    Ok(out)
}

/// Everything about one target and profile.
fn measure(root: &Path, target: &Target, profile: &Profile) -> Result<Figures, String> {
    let archive = archive(root, target.triple, profile)?;
    clean(&archive, &[])?;
    let mut figures = Figures::new();
    for name in ["seal", "open"] {
        let image = image(root, target, &archive, name)?;
        let (flash, memory) = sizes(&image)?;
        figures.insert(format!("flash of {name}"), flash);
        figures.insert("static memory".to_owned(), memory);
    }
    // The emulator's board is a Cortex-M4, which has all instructions of a Cortex-M0+.
    let image = image(root, target, &archive, "measure")?;
    for line in emulate(root, &image)?.lines() {
        let mut words = line.split(' ');
        if let (Some(call), Some(Ok(instructions)), Some(Ok(stack))) =
            (words.next(), words.next().map(str::parse), words.next().map(str::parse))
        {
            figures.insert(format!("instructions of {call}"), instructions);
            figures.insert(format!("stack of {call}"), stack);
        }
    }
    if !figures.contains_key("instructions of open-manifest") {
        return Err("the measuring image did not come to its end".to_owned());
    }
    Ok(figures)
}

/// That the archive holds nothing that no archive for firmware may hold, but what is known.
fn clean(archive: &Path, known: &[&str]) -> Result<(), String> {
    let names = tools::output("arm-none-eabi-nm", &["-C", &archive.to_string_lossy()])?;
    let ours = names.split("\n\n").filter(|member| member.contains("zegel_ffi"));
    let is_bad = |line: &&str| {
        FORBIDDEN.iter().any(|name| line.contains(name)) && !known.iter().any(|name| line.ends_with(name))
    };
    let bad: Vec<&str> = ours.flat_map(str::lines).filter(is_bad).collect();
    if bad.is_empty() { Ok(()) } else { Err(format!("the archive holds\n{}", bad.join("\n"))) }
}

/// Bytes of flash, and of memory beside contexts, buffers and the emulated flash.
fn sizes(image: &Path) -> Result<(u64, u64), String> {
    let image = image.to_string_lossy();
    let sections = tools::output("arm-none-eabi-size", &["-A", &image])?;
    let section = |name: &str| -> u64 {
        let line = sections.lines().find(|line| line.split_whitespace().next() == Some(name));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or_default()
    };
    let symbols = tools::output("arm-none-eabi-nm", &["-S", &image])?;
    let own: u64 = symbols
        .lines()
        .filter(|line| line.contains(" context_") || line.contains(" buffer_"))
        .filter_map(|line| u64::from_str_radix(line.split(' ').nth(1)?, 16).ok())
        .sum();
    let memory = section(".data") + section(".bss");
    Ok((section(".text") + section(".ARM.exidx") + section(".data"), memory.saturating_sub(own)))
}

fn emulate(root: &Path, image: &Path) -> Result<String, String> {
    let mut qemu = Command::new("timeout");
    qemu.args(["300", "qemu-system-arm", "-M", "mps2-an386", "-semihosting", "-nographic"]);
    qemu.args(["-icount", "shift=5,align=off,sleep=off", "-kernel"]).arg(image);
    let output = qemu.current_dir(root).stdin(Stdio::null()).output().map_err(|e| format!("qemu: {e}"))?;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.success() { Ok(text) } else { Err(format!("the image failed:\n{text}")) }
}

/// Runs the device, and keeps what it published.
fn device(root: &Path) -> Result<(), String> {
    let archive = archive(root, M4.triple, &SMALL)?;
    let published = emulate(root, &image(root, &M4, &archive, "demo")?)?;
    std::fs::write(root.join(PUBLISHED), published).map_err(|e| format!("{PUBLISHED}: {e}"))
}

fn within(figures: &BTreeMap<String, Figures>) -> Result<(), String> {
    let mut over = String::new();
    for (profile, what, most) in BUDGETS {
        let found = figures.get(&format!("{}, {profile}", M4.chip)).and_then(|figures| figures.get(*what));
        match found {
            Some(found) if found <= most => {}
            Some(found) => {
                writeln!(over, "{profile}: {what}: {found}, at most {most}").map_err(|e| e.to_string())?;
            }
            None => writeln!(over, "{profile}: {what} was not measured").map_err(|e| e.to_string())?,
        }
    }
    if over.is_empty() { Ok(()) } else { Err(over) }
}

fn table(figures: &BTreeMap<String, Figures>) -> String {
    let columns = ["Cortex-M4, small", "Cortex-M4, fast", "Cortex-M0+, small", "Cortex-M0+, fast"];
    let mut text = format!("| | {} |\n|---|{}\n", columns.join(" | "), "---:|".repeat(columns.len()));
    let rows = [
        ("flash, an image that seals, sessions too", "flash of seal", "bytes"),
        ("flash, an image that seals and opens", "flash of open", "bytes"),
        ("static memory beside contexts", "static memory", "bytes"),
    ];
    let calls = [
        ("identity", "load an identity"),
        ("card", "read a card"),
        ("seal", "seal a one-shot"),
        ("keyframe", "begin a session"),
        ("message", "seal a message"),
        ("manifest", "seal a manifest of 32"),
        ("message-with-manifest", "a message, its share of the manifest in it"),
        ("open", "open a one-shot"),
        ("open-keyframe", "open a keyframe"),
        ("open-message", "open a message"),
        ("open-manifest", "open a manifest of 32"),
    ];
    let rows = rows.map(|(label, key, unit)| (label.to_owned(), key.to_owned(), unit));
    let calls = calls.iter().flat_map(|(call, label)| {
        [
            (format!("{label}: instructions"), format!("instructions of {call}"), ""),
            (format!("{label}: stack"), format!("stack of {call}"), "bytes"),
        ]
    });
    for (label, key, unit) in rows.into_iter().chain(calls) {
        let cells = columns.map(|column| match figures.get(column).and_then(|figures| figures.get(&key)) {
            Some(number) if unit.is_empty() => grouped(*number),
            Some(number) => format!("{} {unit}", grouped(*number)),
            None => String::new(),
        });
        // A share has no stack of its own.
        if key != "stack of message-with-manifest" {
            text.push_str(&format!("| {label} | {} |\n", cells.join(" | ")));
        }
    }
    text
}

/// 1,234,567
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const COMPACT: &str = "--cfg sha2_backend=\"soft\" --cfg sha2_backend_soft=\"compact\"";
/// The C library before the archive, for what copies and clears: its functions are quicker than those that Rust brings.
const LIBC: &[&str] = &["-nostdlib", "-Wl,-u,__aeabi_memcpy,-u,__aeabi_memclr", "-lc"];
const C_FLAGS: &[&str] = &[
    "-std=c11",
    "-Os",
    "-ffreestanding",
    "-fno-builtin",
    "-ffunction-sections",
    "-fdata-sections",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Iffi/include",
];
/// A known limit, which `ffi/README.md` states: checks that other crates keep, and the compiler cannot see through.
const CHECKS: &[&str] =
    &["::unwrap_failed", "::panic_bounds_check", "::panic_fmt", "::panic_const_div_by_zero"];
const FORBIDDEN: &[&str] = &[
    "core::panicking",
    "unwrap_failed",
    "expect_failed",
    "rust_begin_unwind",
    "__rust_alloc",
    "__rg_alloc",
    "alloc::",
    " malloc",
];
const PUBLISHED: &str = "target/xtask/published.txt";
const BEGIN: &str = "<!-- measured by cargo xtask firmware -->";
const END: &str = "<!-- end -->";
