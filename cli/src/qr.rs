//! QR codes for a terminal, dark on light whatever its colours are, and as an SVG file.

use anyhow::{Context as _, Result};
use qrcode::{Color, EcLevel, QrCode};

/// The modules of a code, with the margin that readers need.
pub(crate) struct Qr {
    modules: Vec<bool>,
    width: usize,
}

impl Qr {
    /// Error correction is the lowest: a screen has no stains, and larger modules are easier to read.
    pub(crate) fn new(text: &str) -> Result<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).context("no QR code holds this")?;
        let width = code.width();
        let modules = code.to_colors().iter().map(|color| *color == Color::Dark).collect();
        Ok(Self { modules, width })
    }

    /// Two rows of modules in a line of text.
    pub(crate) fn terminal(&self) -> String {
        let mut text = String::new();
        for row in (0..self.side()).step_by(2) {
            text.push_str(BLACK_ON_WHITE);
            for column in 0..self.side() {
                text.push(match (self.is_dark(row, column), self.is_dark(row.saturating_add(1), column)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            text.push_str(RESET);
            text.push('\n');
        }
        text
    }

    /// One path, with a square for each dark module.
    pub(crate) fn svg(&self) -> String {
        let side = self.side();
        let mut path = String::new();
        for row in 0..side {
            for column in (0..side).filter(|column| self.is_dark(row, *column)) {
                path.push_str(&format!("M{column} {row}h1v1h-1z"));
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" width=\"{0}\" height=\"{0}\" \
             shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\
             <path d=\"{path}\" fill=\"#000\"/></svg>\n",
            side.saturating_mul(SCALE)
        )
    }

    /// Modules in a row, margins included.
    const fn side(&self) -> usize {
        self.width.saturating_add(2 * MARGIN)
    }

    fn is_dark(&self, row: usize, column: usize) -> bool {
        let inside = |at: usize| at.checked_sub(MARGIN).filter(|at| *at < self.width);
        let place = inside(row).zip(inside(column));
        let at = place.map(|(row, column)| row.saturating_mul(self.width).saturating_add(column));
        at.and_then(|at| self.modules.get(at)).copied().unwrap_or_default()
    }
}

/// Modules of margin on each side (ISO/IEC 18004).
const MARGIN: usize = 4;
/// Pixels of a module.
const SCALE: usize = 8;
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
const RESET: &str = "\x1b[0m";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pairing_code_is_of_version_5() {
        let text = format!("ZEGEL:{}", "A7".repeat(60).get(..119).unwrap());
        let qr = Qr::new(&text).unwrap();
        assert_eq!((qr.width, qr.side()), (37, 45));
        let lines = qr.terminal();
        assert_eq!(lines.lines().count(), 23);
        assert!(lines.lines().all(|line| line.starts_with(BLACK_ON_WHITE) && line.ends_with(RESET)));
        let dark = qr.modules.iter().filter(|dark| **dark).count();
        assert_eq!(qr.svg().matches('M').count(), dark);
        let halves = |c: char| if c == '█' { 2 } else { usize::from("▀▄".contains(c)) };
        assert_eq!(lines.chars().map(halves).sum::<usize>(), dark);
    }

    #[test]
    fn a_corner_is_where_it_belongs() {
        let qr = Qr::new("A").unwrap();
        assert!(!qr.is_dark(3, 4) && !qr.is_dark(4, 3), "the margin is light");
        assert!(qr.is_dark(4, 4) && !qr.is_dark(5, 5) && qr.is_dark(6, 6), "the finder is in the corner");
    }
}
