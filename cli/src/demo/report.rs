//! The report: one page, complete in itself, with what the broker saw beside what the PGO saw (SPEC §15).

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, bail};

use super::plot::{self, Plot};
use super::verdict::{Received, Verdict};
use crate::file::{self, Access};

/// Says before the run what would be found out after it: a page takes nobody's place.
pub(super) fn check_target(path: &Path) -> Result<()> {
    if path.exists() {
        bail!("{}: exists already, and is not replaced", path.display());
    }
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) if !parent.is_dir() => bail!("{}: no such directory", parent.display()),
        _ => Ok(()),
    }
}

/// Writes the page, whole or not at all.
pub(super) fn write(path: &Path, verdict: &Verdict) -> Result<()> {
    file::write(path, page(verdict)?.as_bytes(), Access::New)
}

fn page(verdict: &Verdict) -> Result<String> {
    let mut page = String::from(HEAD);
    let (mark, word) = if verdict.ok { ("ok", "passed") } else { ("bad", "failed") };
    write!(
        page,
        "<header><h1>Zegel <small>demo</small></h1><p class={mark}>{word}: {} of {} measurements opened exactly once; \
         {} attacks, {} passed</p><p>{}, over {} in {:.1} s: plain text, no password.</p></header>",
        verdict.pgo.opened_once,
        verdict.pgo.sent,
        verdict.attempts,
        verdict.passed,
        escaped(&verdict.recording.name),
        escaped(&verdict.broker),
        verdict.seconds,
    )?;
    for failure in &verdict.failures {
        write!(page, "<p class=bad>{}</p>", escaped(failure))?;
    }
    page.push_str("<main><section><h2>What the broker saw</h2>");
    write!(
        page,
        "<p>{} messages, {} of them readable. A byte of ciphertext tells {:.3} of 8 bits. Envelopes fill buckets, \
         so their length tells little; what stands above and below the lines is the attacker's.</p>",
        verdict.eavesdropper.messages, verdict.eavesdropper.readable, verdict.eavesdropper.bits_per_byte,
    )?;
    figure(&mut page, &plot::lengths(verdict)?)?;
    figure(&mut page, &plot::histogram(verdict)?)?;
    write!(page, "<figure><figcaption>One envelope</figcaption><pre>{}</pre></figure>", dump(verdict))?;
    page.push_str("</section><section><h2>What the PGO saw</h2>");
    let withheld = match verdict.minimised.withheld.as_slice() {
        [] => String::new(),
        names => format!(" Stayed on the device: {}.", escaped(&names.join(", "))),
    };
    write!(page, "<p>Opened, verified as the wearable's, and stored once each.{withheld}</p>")?;
    for curve in plot::curves(verdict)? {
        figure(&mut page, &curve)?;
    }
    page.push_str("</section></main>");
    counts(&mut page, verdict)?;
    attacks(&mut page, verdict)?;
    page.push_str(FOOT);
    Ok(page)
}

fn figure(page: &mut String, plot: &Plot) -> std::fmt::Result {
    write!(page, "<figure><figcaption>{}</figcaption>{}</figure>", escaped(&plot.title), plot.svg)
}

fn dump(verdict: &Verdict) -> String {
    let line = |row: &[u8]| row.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    let shown = verdict.eavesdropper.sample.chunks(16).take(DUMPED).map(line).collect::<Vec<_>>().join("\n");
    let rest = verdict.eavesdropper.sample.len().saturating_sub(16 * DUMPED);
    if rest > 0 { format!("{shown}\n… and {rest} bytes more") } else { shown }
}

fn counts(page: &mut String, verdict: &Verdict) -> std::fmt::Result {
    page.push_str("<h2>Measurements</h2><table><tr><th><th>PGO<th>GP");
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
        write!(page, "<tr><td>{what}<td>{}<td>{}", count(&verdict.pgo), count(&verdict.gp))?;
    }
    write!(
        page,
        "</table><p>{} bytes of measurements travelled in {} bytes of envelopes.</p>",
        verdict.bytes.measurements, verdict.bytes.envelopes
    )
}

fn attacks(page: &mut String, verdict: &Verdict) -> std::fmt::Result {
    page.push_str("<h2>The man in the middle</h2><table><tr><th>what he does<th>at<th>tries<th>refused<th>passed<th>error");
    for line in &verdict.attacks {
        let mark = if line.passed == 0 && line.refused == line.attempts { "" } else { " class=bad" };
        write!(
            page,
            "<tr{mark}><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}",
            escaped(line.attack),
            line.at,
            line.attempts,
            line.refused,
            line.passed,
            line.error
        )?;
    }
    page.push_str("</table>");
    Ok(())
}

/// Text that cannot become markup, whatever a file was called.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Lines of one envelope.
const DUMPED: usize = 16;

/// Nothing is loaded and nothing runs: the policy allows the style on the page and no more.
const HEAD: &str = include_str!("report.html");
const FOOT: &str = "<footer>Made by <code>zegel demo</code>. The format is SPEC.md §4, the order of checks §7.1, the \
                    threats §15.</footer></body></html>\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_become_markup() {
        assert_eq!(escaped("<script>'\"&"), "&lt;script&gt;&#39;&quot;&amp;");
    }

    #[test]
    fn the_page_loads_nothing() {
        for word in ["http:", "https:", "<script", "src=", "@import", "url("] {
            assert!(!HEAD.contains(word), "{word}");
        }
        assert!(HEAD.contains("default-src 'none'"));
    }

    #[test]
    fn a_page_takes_nobodys_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.html");
        check_target(&path).unwrap();
        std::fs::write(&path, "mine").unwrap();
        assert!(check_target(&path).is_err());
        assert!(check_target(&directory.path().join("none/run.html")).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    }
}
