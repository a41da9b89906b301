//! The plain table at the end of a run.

use std::fmt::Write as _;

use super::verdict::{Chain, Line, Received, Verdict};

/// The result as lines of text.
pub(super) fn lines(verdict: &Verdict) -> String {
    let mut out = String::new();
    // Writing into a string does not fail.
    let _ = write(&mut out, verdict);
    out
}

fn write(out: &mut String, verdict: &Verdict) -> std::fmt::Result {
    let Verdict { recording, pgo, carer, gp, bytes, eavesdropper, minimised, .. } = verdict;
    let skipped = if recording.skipped > 0 {
        format!(", {} rows without a measurement skipped", recording.skipped)
    } else {
        String::new()
    };
    writeln!(out, "\n  recording {}: {} measurements{skipped}", recording.name, recording.rows)?;
    writeln!(out, "  broker    {}, plain text, no password; {:.1} s", verdict.broker, verdict.seconds)?;
    let left: Vec<String> =
        minimised.opened.iter().map(|(name, count)| format!("{name} ({count})")).collect();
    writeln!(out, "  left      {}; times to the minute", left.join(", "))?;
    if !minimised.withheld.is_empty() {
        writeln!(out, "  stayed    {}", minimised.withheld.join(", "))?;
    }

    writeln!(out, "\n  {:<28}{:>9}{:>9}{:>9}", "MEASUREMENTS", "PGO", "carer", "GP")?;
    let receivers = [pgo, carer, gp];
    for (what, count) in ROWS {
        let [pgo, carer, gp] = receivers.map(count);
        writeln!(out, "  {what:<28}{pgo:>9}{carer:>9}{gp:>9}")?;
    }
    let [at_pgo, at_carer, at_gp] = receivers.map(gaps);
    writeln!(out, "  {:<28}{at_pgo:>9}{at_carer:>9}{at_gp:>9}", "gaps")?;
    for (first, last) in &pgo.gaps {
        writeln!(out, "  the wearable's numbers {first} to {last} were reserved when it was switched off")?;
    }
    for (first, last) in &gp.gaps {
        writeln!(out, "  the PGO's numbers {first} to {last} were reserved when it fell, and never used")?;
    }

    chain(out, &verdict.chain)?;
    writeln!(out, "\n  {:<28}{:>9}{:>9}{:>9}", "BYTES A MEASUREMENT", "count", "plain", "sealed")?;
    for bytes in bytes {
        let count = bytes.count.max(1);
        let (plain, sealed) = (bytes.measurements / count, bytes.wire / count);
        writeln!(out, "  {:<28}{:>9}{plain:>9}{sealed:>9}", bytes.way, bytes.count)?;
    }

    writeln!(out, "\n  {:<28}{:>9}", "EAVESDROPPER ON #", "")?;
    writeln!(out, "  {:<28}{:>9}", "messages seen", eavesdropper.messages)?;
    writeln!(out, "  {:<28}{:>9}", "readable", eavesdropper.readable)?;
    writeln!(out, "  {:<28}{:>9.3}  of 8", "bits a byte of ciphertext", eavesdropper.bits_per_byte)?;

    writeln!(
        out,
        "\n  {:<46}{:<26}{:>6}{:>9}{:>8}  error",
        "THE MAN IN THE MIDDLE", "at", "tries", "refused", "passed"
    )?;
    for line in merged(&verdict.attacks) {
        writeln!(
            out,
            "  {:<46}{:<26}{:>6}{:>9}{:>8}  {}",
            line.attack, line.at, line.attempts, line.refused, line.passed, line.error
        )?;
    }
    let refused: usize = verdict.attacks.iter().map(|line| line.refused).sum();
    writeln!(out, "  {:<46}{:<26}{:>6}{refused:>9}{:>8}", "all", "", verdict.attempts, verdict.passed)?;

    writeln!(out)?;
    for failure in &verdict.failures {
        writeln!(out, "  FAULT     {failure}")?;
    }
    if verdict.ok {
        writeln!(
            out,
            "  ok        {} of {} measurements opened exactly once; {} attacks, none passed",
            pgo.opened_once, pgo.sent, verdict.attempts
        )?;
    }
    Ok(())
}

/// A kind of attack at all receivers.
pub(super) struct Merged {
    pub(super) attack: &'static str,
    pub(super) at: String,
    pub(super) attempts: usize,
    pub(super) refused: usize,
    pub(super) passed: usize,
    pub(super) error: String,
}

/// A line for each kind; what one receiver is to say of each is in the JSON.
pub(super) fn merged(lines: &[Line]) -> Vec<Merged> {
    let mut all: Vec<Merged> = Vec::new();
    for line in lines {
        let others = line.otherwise.iter().map(|(error, times)| format!(", {error} {times}"));
        match all.last_mut().filter(|merged| merged.attack == line.attack) {
            Some(merged) => {
                merged.at = format!("{}, {}", merged.at, line.at);
                merged.attempts += line.attempts;
                merged.refused += line.refused;
                merged.passed += line.passed;
                merged.error.extend(others);
            }
            None => all.push(Merged {
                attack: line.attack,
                at: line.at.into(),
                attempts: line.attempts,
                refused: line.refused,
                passed: line.passed,
                error: others.fold(line.error.into(), |error, other| error + &other),
            }),
        }
    }
    all
}

fn chain(out: &mut String, chain: &Chain) -> std::fmt::Result {
    writeln!(out, "\n  THE CHAIN")?;
    for (what, text) in steps(chain) {
        writeln!(out, "  {what:<28}{text}")?;
    }
    for noted in &chain.events {
        let times = if noted.times == 1 { String::new() } else { format!(", {} times", noted.times) };
        writeln!(out, "  event at the {:<15}{} about the {}{times}", noted.at, noted.event, noted.about)?;
    }
    Ok(())
}

/// What happened in the chain, in words, for the table and the page.
pub(super) fn steps(chain: &Chain) -> Vec<(&'static str, String)> {
    let hands = &chain.hands;
    let skipped = chain.skipped.map_or("none".into(), |(first, last)| {
        format!("{} numbers skipped, {first} to {last}, and no others missing", last - first + 1)
    });
    vec![
        ("paired by code", format!("{} pairs, each word under attack", chain.pairings)),
        ("sessions", format!("{}, with {} manifests", chain.sessions, chain.manifests)),
        ("blocks proven", format!("{}, of {} measurements", chain.blocks, chain.proven)),
        (
            "came before its keyframe",
            format!("{} waited and opened, {} wait in vain", chain.overtook, chain.shelved),
        ),
        (
            "the PGO's key changed",
            format!("{} sealed before and opened after; the old key is erased", chain.held_over),
        ),
        ("switched off and on", skipped),
        ("a week late", format!("{}, none stale", chain.backlog)),
        ("evidence at the GP", format!("{} verified offline", hands.verified)),
        ("  origin", format!("{}; vouched for {}, pinned {}", hands.origin, hands.vouched, hands.pinned)),
        ("  forwarder", hands.forwarder.clone()),
    ]
}

type Count = fn(&Received) -> usize;

/// What is counted of measurements, for the table and the page.
pub(super) const ROWS: [(&str, Count); 6] = [
    ("sealed", |received| received.sent),
    ("opened exactly once", |received| received.opened_once),
    ("lost", |received| received.lost),
    ("doubled", |received| received.doubled),
    ("altered", |received| received.altered),
    ("delivered again, recognised", |received| received.redelivered),
];

/// Gaps that nothing explains, and those that the sender's restart does.
fn gaps(received: &Received) -> String {
    let all: u64 = received.gaps.iter().map(|(first, last)| last - first + 1).sum();
    match (all - received.skipped, received.skipped) {
        (unexplained, 0) => unexplained.to_string(),
        (unexplained, skipped) => format!("{unexplained} (+{skipped})"),
    }
}
