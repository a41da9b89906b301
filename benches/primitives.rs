//! The primitives that seal and open are made of, each by itself, on the lengths of a measurement of 100 bytes.

#[path = "bench/parts.rs"]
mod parts;

use criterion::{Criterion, criterion_group, criterion_main};
use parts::{Parts, SEALED};
use std::hint::black_box;

fn primitives(c: &mut Criterion) {
    let parts = Parts::new(0x42);
    let mut text = [0; SEALED];
    let mut group = c.benchmark_group("primitives");
    group.bench_function("x25519 base", |b| b.iter(|| black_box(&parts).base()));
    group.bench_function("x25519 ladder", |b| b.iter(|| black_box(&parts).ladder()));
    group.bench_function("ed25519 sign", |b| b.iter(|| black_box(&parts).sign()));
    group.bench_function("ed25519 verify_strict", |b| b.iter(|| black_box(&parts).verify_strict()));
    group.bench_function("derive key pair", |b| b.iter(|| black_box(&parts).derive_key_pair()));
    group.bench_function("key schedule", |b| b.iter(|| black_box(&parts).key_schedule()));
    group.bench_function("aead seal", |b| b.iter(|| black_box(&parts).aead_seal(&mut text)));
    group.bench_function("aead open", |b| b.iter(|| black_box(&parts).aead_open(&mut text)));
    group.finish();
}

criterion_group!(benches, primitives);
criterion_main!(benches);
