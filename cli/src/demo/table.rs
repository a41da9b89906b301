//! The plain table at the end of a run.

use std::fmt::Write as _;

use super::verdict::{Received, Verdict};

/// The result as lines of text.
pub(super) fn lines(verdict: &Verdict) -> String {
    let mut out = String::new();
    // Writing into a string does not fail.
    let _ = write(&mut out, verdict);
    out
}

fn write(out: &mut String, verdict: &Verdict) -> std::fmt::Result {
    let Verdict { recording, pgo, gp, bytes, eavesdropper, minimised, .. } = verdict;
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

    writeln!(out, "\n  {:<28}{:>9}{:>9}", "MEASUREMENTS", "PGO", "GP")?;
    type Count = fn(&Received) -> usize;
    let rows: [(&str, Count); 6] = [
        ("sealed", |received| received.sent),
        ("opened exactly once", |received| received.opened_once),
        ("lost", |received| received.lost),
        ("doubled", |received| received.doubled),
        ("altered", |received| received.altered),
        ("delivered again, recognised", |received| received.redelivered),
    ];
    for (what, count) in rows {
        writeln!(out, "  {what:<28}{:>9}{:>9}", count(pgo), count(gp))?;
    }
    writeln!(out, "  {:<28}{:>9}{:>9}", "gaps", gaps(pgo), gaps(gp))?;
    for (first, last) in &gp.gaps {
        writeln!(out, "  the PGO's numbers {first} to {last} were reserved when it fell, and never used")?;
    }

    let count = pgo.sent.max(1);
    writeln!(out, "\n  {:<28}{:>9}{:>9}", "BYTES", "all", "each")?;
    writeln!(out, "  {:<28}{:>9}{:>9}", "measurements", bytes.measurements, bytes.measurements / count)?;
    writeln!(out, "  {:<28}{:>9}{:>9}", "envelopes", bytes.envelopes, bytes.envelopes / count)?;

    writeln!(out, "\n  {:<28}{:>9}", "EAVESDROPPER ON #", "")?;
    writeln!(out, "  {:<28}{:>9}", "messages seen", eavesdropper.messages)?;
    writeln!(out, "  {:<28}{:>9}", "readable", eavesdropper.readable)?;
    writeln!(out, "  {:<28}{:>9.3}  of 8", "bits a byte of ciphertext", eavesdropper.bits_per_byte)?;

    writeln!(
        out,
        "\n  {:<42}{:<5}{:>8}{:>9}{:>8}  error",
        "THE MAN IN THE MIDDLE", "at", "tries", "refused", "passed"
    )?;
    for line in &verdict.attacks {
        let others: String =
            line.otherwise.iter().map(|(error, times)| format!(", {error} {times}")).collect();
        writeln!(
            out,
            "  {:<42}{:<5}{:>8}{:>9}{:>8}  {}{others}",
            line.attack, line.at, line.attempts, line.refused, line.passed, line.error
        )?;
    }
    let refused: usize = verdict.attacks.iter().map(|line| line.refused).sum();
    writeln!(out, "  {:<42}{:<5}{:>8}{refused:>9}{:>8}", "all", "", verdict.attempts, verdict.passed)?;

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

/// Gaps that nothing explains, and those that the sender's restart does.
fn gaps(received: &Received) -> String {
    let all: u64 = received.gaps.iter().map(|(first, last)| last - first + 1).sum();
    match (all - received.skipped, received.skipped) {
        (unexplained, 0) => unexplained.to_string(),
        (unexplained, skipped) => format!("{unexplained} (+{skipped})"),
    }
}
