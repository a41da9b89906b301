//! `zegel key`: what is in a key file, for people and for other COSE libraries.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;
use zegel::Agree;
use zeroize::Zeroizing;

use super::card;
use crate::clock::{self, date};
use crate::held::Held;
use crate::keyfile::KeyFile;
use crate::output::{self, hex};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Show(Show),
    Export(Export),
    Erase(Erase),
}

/// Show the id, the fingerprint and the key identifiers of a key file; nothing secret
#[derive(clap::Args)]
#[command(after_help = "Example:\n  zegel key show -i pgo.key")]
pub(crate) struct Show {
    /// The key file
    #[arg(short, long, value_name = "FILE")]
    identity: PathBuf,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Print the private keys as COSE_Keys in hex, one a line: first the identity, then the keys to open with
///
/// Each has its kid and algorithm, so that python-cwt and others take it as it is: Ed25519 with -19, X25519 with
/// 42, HPKE-4. Whoever reads this output can open your messages and sign as you.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  zegel key export -i pgo.key | tail -n 1    # the X25519 key\n  \
    zegel key export -i device.key --public\n\nIn Python:\n  cwt.COSEKey.from_bytes(bytes.fromhex(line))")]
pub(crate) struct Export {
    /// The key file
    #[arg(short, long, value_name = "FILE")]
    identity: PathBuf,
    /// The public keys alone
    #[arg(long)]
    public: bool,
    /// All keys as one COSE_KeySet, on one line
    #[arg(long)]
    set: bool,
}

/// Erase old keys whose grace is over: nothing that was sealed to them opens again
///
/// The key file is written anew without them and the old one overwritten. That does not reach backups, snapshots,
/// what a flash disk or a journaling file system kept, or the memory of a zegel that is still running. Afterwards
/// `zegel card issue` makes a card without them; senders use its first key only, so there is no hurry.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  zegel key erase -i pgo.key --grace 30")]
pub(crate) struct Erase {
    /// The key file, which is changed
    #[arg(short, long, value_name = "FILE")]
    identity: PathBuf,
    /// Days that an old key stays after it was retired; 0 erases all old keys
    #[arg(long, default_value_t = card::GRACE, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(0..=3_650))]
    grace: u64,
    /// The whole file: the identity and every key
    #[arg(long, conflicts_with = "grace", requires = "for_good")]
    all: bool,
    /// Yes: this cannot be undone
    #[arg(long, requires = "all")]
    for_good: bool,
}

pub(super) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Show(args) => show(args),
        Command::Export(args) => export(args),
        Command::Erase(args) => erase(args),
    }
}

fn show(args: &Show) -> Result<()> {
    let keys = KeyFile::read(&args.identity)?;
    let id = keys.identity.id();
    let kids: Vec<String> = keys.kem.iter().map(|key| key.public().kid().to_string()).collect();
    let retired: Vec<Option<u64>> = keys.retired().collect();
    let text = if args.json {
        let fingerprint = id.fingerprint().to_string();
        json!({ "id": id.to_string(), "fingerprint": fingerprint, "kid": id.kid().to_string(), "kem_kids": kids, "retired": retired })
            .to_string()
    } else {
        let dated = |(kid, retired): (&String, &Option<u64>)| match retired {
            Some(at) => format!("{kid}, retired {}", date(*at)),
            None => kid.clone(),
        };
        let kids: Vec<String> = kids.iter().zip(&retired).map(dated).collect();
        let kids =
            if kids.is_empty() { "none: this key only seals".into() } else { kids.join("\n             ") };
        format!(
            "id:          {id}\nfingerprint: {}\nkid:         {}\nKEM kids:    {kids}",
            id.fingerprint(),
            id.kid()
        )
    };
    output::print(format!("{text}\n").as_bytes())
}

fn export(args: &Export) -> Result<()> {
    let keys = KeyFile::read(&args.identity)?;
    let secret = |secret| if args.public { None } else { Some(secret) };
    let id = keys.identity.id();
    let public = keys.identity.public_key();
    let mut list = vec![cose_key(&id.kid().0, ED25519, &public, secret(keys.seed().expose()))];
    for (key, private) in keys.kem.iter().zip(keys.kem_secrets()) {
        let public = Agree::public(key);
        list.push(cose_key(&public.kid().0, HPKE_4, public.as_bytes(), secret(private.expose())));
    }
    let mut text = Zeroizing::new(String::new());
    if args.set {
        // Fewer than 24 keys: one byte of head.
        text.push_str(&hex(&[0x80 | u8::try_from(list.len())?]));
        list.iter().for_each(|key| text.push_str(&Zeroizing::new(hex(key))));
        text.push('\n');
    } else {
        for key in &list {
            text.push_str(&Zeroizing::new(hex(key)));
            text.push('\n');
        }
    }
    output::print(text.as_bytes())
}

fn erase(args: &Erase) -> Result<()> {
    let (mut held, keys) = Held::open(&args.identity)?;
    if args.all {
        let id = keys.identity.id();
        held.erase()?;
        eprintln!("{id} is erased, for good");
        return Ok(());
    }
    let until = clock::now().saturating_sub(args.grace.saturating_mul(card::DAY));
    let (keys, erased) = keys.without_retired(until)?;
    if erased > 0 {
        held.replace(&keys)?;
    }
    eprintln!("erased: {erased}; left: {}", keys.kem.len());
    Ok(())
}

/// `{1: 1, 2: kid, 3: alg, -1: crv, -2: x, -4: d}`, deterministic (RFC 9052 §7, RFC 9053 §7.2).
fn cose_key(kid: &[u8; 8], (alg, curve): Kind, x: &[u8; 32], d: Option<&[u8; 32]>) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(128));
    key.push(if d.is_some() { 0xa6 } else { 0xa5 });
    key.extend_from_slice(b"\x01\x01\x02\x48");
    key.extend_from_slice(kid);
    key.push(0x03);
    key.extend_from_slice(alg);
    key.extend_from_slice(&[0x20, curve, 0x21, 0x58, 0x20]);
    key.extend_from_slice(x);
    if let Some(d) = d {
        key.extend_from_slice(b"\x23\x58\x20");
        key.extend_from_slice(d);
    }
    key
}

/// Algorithm, encoded, and curve.
type Kind = (&'static [u8], u8);
/// -19, Ed25519.
const ED25519: Kind = (b"\x32", 6);
/// 42, HPKE-4, on X25519.
const HPKE_4: Kind = (b"\x18\x2a", 4);
