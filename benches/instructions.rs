//! Counts instructions with valgrind, which is steadier than seconds: `cargo bench --bench instructions`.
//! Seal and open stand against the sum of the primitives that nobody can do without.

#[path = "bench/parts.rs"]
mod parts;
#[path = "bench/world.rs"]
mod world;

use parts::{Parts, SEALED};
use std::hint::black_box;
use std::process::Command;
use world::{MEASUREMENT, NOW, TOPIC, World, copy};
use zegel::rng::SysRng;
use zegel::{GroupSealer, MemorySequence, Session, SessionLimits};

const ROUNDS: u8 = 50;

/// The primitives first, then what is made of them.
const OPERATIONS: [&str; 16] = [
    "x25519 base",
    "x25519 ladder",
    "ed25519 sign",
    "ed25519 verify_strict",
    "derive key pair",
    "key schedule",
    "aead seal",
    "aead open",
    "seal",
    "seal, precomputed",
    "seal, self-check",
    "open",
    "seal for 2",
    "open as one of 2",
    SEAL_BLOCK,
    OPEN_BLOCK,
];
const SEAL_BLOCK: &str = "seal 32 and manifest";
const OPEN_BLOCK: &str = "open 32 and manifest";

fn main() {
    match std::env::var("ZEGEL_COUNT") {
        Ok(operation) => run(&operation),
        // `cargo bench` says so; `cargo test` only wants to see that each of them works.
        Err(_) if std::env::args().any(|argument| argument == "--bench") => report(),
        Err(_) => OPERATIONS.iter().for_each(|operation| run(operation)),
    }
}

fn report() {
    let mut counts = Vec::new();
    for operation in OPERATIONS {
        let Some(count) = count(operation) else {
            eprintln!("valgrind is needed for counting instructions");
            return;
        };
        println!("{operation:<22} {count:>9}");
        counts.push((operation, count));
    }
    let of = |names: &[&str]| -> u64 {
        names.iter().flat_map(|name| counts.iter().find(|(n, _)| n == name)).map(|(_, count)| count).sum()
    };
    let seal =
        ["derive key pair", "x25519 base", "x25519 ladder", "key schedule", "aead seal", "ed25519 sign"];
    let table =
        ["derive key pair", "x25519 base", "x25519 base", "key schedule", "aead seal", "ed25519 sign"];
    let open = ["x25519 ladder", "key schedule", "aead open", "ed25519 verify_strict"];
    for (name, parts) in [("seal", &seal[..]), ("seal, precomputed", &table), ("open", &open)] {
        let (whole, sum) = (of(&[name]), of(parts));
        println!("{name:<22} {whole:>9} / {sum:>9} = {}.{:03}", whole / sum, whole % sum * 1000 / sum);
    }
}

/// Instructions of one operation, or `None` where there is no valgrind.
fn count(operation: &str) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*counted*"])
        .arg(std::env::current_exe().ok()?)
        .env("ZEGEL_COUNT", operation)
        .output()
        .ok()?;
    let report = String::from_utf8_lossy(&output.stderr).into_owned();
    let collected = report.lines().find_map(|line| line.split_once("Collected : "))?.1;
    Some(collected.trim().parse::<u64>().ok()? / u64::from(ROUNDS))
}

fn run(operation: &str) {
    let world = World::new().expect("keys");
    let mut sealer = world.sealer().expect("a sealer");
    match operation {
        "seal, precomputed" => sealer = sealer.precompute(),
        "seal, self-check" => sealer = sealer.with_self_check().expect("a sound key"),
        _ => {}
    }
    let (mut out, mut text) = ([0; 512], [0; SEALED]);
    for round in 0..ROUNDS {
        let parts = Parts::new(round.wrapping_add(1));
        match operation {
            "x25519 base" => drop(counted(|| parts.base())),
            "x25519 ladder" => drop(counted(|| parts.ladder())),
            "ed25519 sign" => drop(counted(|| parts.sign())),
            "ed25519 verify_strict" => assert!(counted(|| parts.verify_strict())),
            "derive key pair" => drop(counted(|| parts.derive_key_pair())),
            "key schedule" => drop(counted(|| parts.key_schedule())),
            "aead seal" => drop(counted(|| parts.aead_seal(&mut text))),
            "aead open" => assert!(!counted(|| parts.aead_open(&mut text))),
            "open" => {
                let mut envelope = sealer.seal_to_vec(TOPIC, &MEASUREMENT, &mut SysRng).expect("sealed");
                let (opener, mut state) = (world.opener(), copy(&world.state));
                assert!(counted(|| opener.open(&mut state, TOPIC, NOW, &mut envelope).is_ok()));
            }
            "seal for 2" => {
                let cards = world.with_others(2).expect("cards");
                let mut group = GroupSealer::new(&world.device, &cards, NOW, MemorySequence::default())
                    .expect("a sealer");
                let mut out = [0; 1024];
                assert!(counted(|| group.seal(TOPIC, &MEASUREMENT, &mut SysRng, &mut out).is_ok()));
            }
            "open as one of 2" => {
                let cards = world.with_others(2).expect("cards");
                let mut group = GroupSealer::new(&world.device, &cards, NOW, MemorySequence::default())
                    .expect("a sealer");
                let mut envelope = group.seal_to_vec(TOPIC, &MEASUREMENT, &mut SysRng).expect("sealed");
                let (opener, mut state) = (world.opener(), copy(&world.state));
                assert!(counted(|| opener.open(&mut state, TOPIC, NOW, &mut envelope).is_ok()));
            }
            SEAL_BLOCK => {
                let (mut session, _) = begin(&world);
                let mut manifest = [0; 256];
                assert!(counted(|| {
                    let sealed = (0..32).all(|_| session.seal(TOPIC, &MEASUREMENT, NOW, &mut out).is_ok());
                    sealed && session.manifest(TOPIC, &mut SysRng, &mut manifest).is_ok()
                }));
            }
            OPEN_BLOCK => {
                let ((mut session, mut keyframe), mut state) = (begin(&world), copy(&world.state));
                let opener = world.opener();
                assert!(opener.open(&mut state, TOPIC, NOW, &mut keyframe).is_ok());
                let seal = |_| session.seal_to_vec(TOPIC, &MEASUREMENT, NOW).expect("sealed");
                let mut messages: Vec<_> = (0..32).map(seal).collect();
                messages.push(session.manifest_to_vec(TOPIC, &mut SysRng).expect("signed"));
                let mut open = |message: &mut Vec<u8>| opener.open(&mut state, TOPIC, NOW, message).is_ok();
                assert!(counted(|| messages.iter_mut().all(&mut open)));
            }
            _ => assert!(counted(|| sealer.seal(TOPIC, &MEASUREMENT, &mut SysRng, &mut out).is_ok())),
        }
    }
}

fn begin(world: &World) -> (Session<'_, MemorySequence>, Vec<u8>) {
    let sealer = world.sealer().expect("a sealer");
    Session::begin_to_vec(sealer, TOPIC, NOW, SessionLimits::default(), &mut SysRng).expect("a session")
}

/// Valgrind counts inside this function and nowhere else.
#[inline(never)]
fn counted<T>(operation: impl FnOnce() -> T) -> T {
    black_box(operation())
}
