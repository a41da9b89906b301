//! The plots of the report, as SVG that takes its colours from the page (SPEC §15).

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use super::verdict::{Opened, Verdict};

/// The axes, alike in every plot. A macro, since each pair of coordinate types is a type of its own.
macro_rules! mesh {
    ($chart:expr, ($x_axis:expr, $y_axis:expr), $x:expr, $y:expr) => {
        $chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(LINE)
            .axis_style(LINE)
            .label_style(("sans-serif", 13).into_font().color(&INK))
            .x_desc($x_axis)
            .y_desc($y_axis)
            .x_labels(6)
            .y_labels(5)
            .x_label_formatter(&$x)
            .y_label_formatter(&$y)
            .draw()
            .map_err(problem)?
    };
}

/// A plot with its heading and its SVG.
pub(super) struct Plot {
    pub(super) title: String,
    pub(super) svg: String,
}

/// What the broker saw: the length of each message in the order of its arrival.
pub(super) fn lengths(verdict: &Verdict) -> Result<Plot> {
    let lengths = &verdict.eavesdropper.lengths;
    // A message of a mebibyte would press all others to the ground.
    let highest = lengths.iter().map(|(length, _)| *length).filter(|length| *length <= TALLEST).max();
    let svg = draw(|area| {
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .x_label_area_size(34)
            .y_label_area_size(52)
            .build_cartesian_2d(0..lengths.len().max(1), 0..highest.unwrap_or(1) + 64)
            .map_err(problem)?;
        mesh!(chart, ("message, in order of arrival", "bytes"), |x: &usize| x.to_string(), |y: &usize| y
            .to_string());
        for (to_pgo, colour) in [(true, FIRST), (false, SECOND)] {
            let points =
                lengths.iter().enumerate().filter(|(_, (length, to))| *to == to_pgo && *length <= TALLEST);
            let dots = points.map(|(place, (length, _))| Circle::new((place, *length), 2, colour.filled()));
            chart.draw_series(dots).map_err(problem)?;
        }
        Ok(())
    })?;
    Ok(Plot { title: "Length of each message".into(), svg })
}

/// What the broker saw: how often each byte value stands in the ciphertext.
pub(super) fn histogram(verdict: &Verdict) -> Result<Plot> {
    let counts = &verdict.eavesdropper.histogram;
    let highest = counts.iter().max().copied().unwrap_or(0).max(1);
    let svg = draw(|area| {
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .x_label_area_size(34)
            .y_label_area_size(52)
            .build_cartesian_2d(0..256usize, 0..highest + highest / 4 + 1)
            .map_err(problem)?;
        mesh!(chart, ("value of a byte of ciphertext", "times"), |x: &usize| x.to_string(), |y: &usize| y
            .to_string());
        let bars = counts
            .iter()
            .enumerate()
            .map(|(value, count)| Rectangle::new([(value, 0), (value + 1, *count)], FIRST.filled()));
        chart.draw_series(bars).map_err(problem)?;
        Ok(())
    })?;
    Ok(Plot { title: "How often each byte value occurs in the ciphertext".into(), svg })
}

/// What the PGO saw: a curve for each of the first measurements by name.
pub(super) fn curves(verdict: &Verdict) -> Result<Vec<Plot>> {
    verdict.minimised.opened.keys().take(MOST_CURVES).map(|name| curve(name, &verdict.opened)).collect()
}

fn curve(name: &str, opened: &[Opened]) -> Result<Plot> {
    let records = || opened.iter().flat_map(|opened| &opened.records).filter(|record| record.name == name);
    let values: Vec<f64> = records().flat_map(|record| record.values.iter().copied()).collect();
    // Thousands of samples on a few hundred dots only darken the paper.
    let shown = &values[..values.len().min(MOST_SAMPLES)];
    let low = shown.iter().copied().fold(f64::INFINITY, f64::min);
    let high = shown.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if low.is_finite() && high.is_finite() { (low, high) } else { (0.0, 1.0) };
    let room = ((high - low) * 0.1).max(0.5);
    let svg = draw(|area| {
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .x_label_area_size(34)
            .y_label_area_size(52)
            .build_cartesian_2d(0..shown.len().max(2), (low - room)..(high + room))
            .map_err(problem)?;
        let unit = records().find_map(|record| record.unit.clone()).unwrap_or_default();
        mesh!(chart, ("sample", unit), |x: &usize| x.to_string(), |y: &f64| format!("{y:.0}"));
        chart.draw_series(LineSeries::new(shown.iter().copied().enumerate(), SECOND)).map_err(problem)?;
        Ok(())
    })?;
    let first =
        if shown.len() < values.len() { format!(", the first {MOST_SAMPLES}") } else { String::new() };
    Ok(Plot { title: format!("{name}: {} samples{first}", values.len()), svg })
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws, and gives the page's own colours in place of those that plotters knows.
fn draw(onto: impl FnOnce(&Area<'_>) -> Result<()>) -> Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        onto(&area)?;
        area.present().map_err(problem)?;
    }
    let size = format!("width=\"{}\" height=\"{}\"", SIZE.0, SIZE.1);
    let mut svg = svg.replacen(&size, "role=\"img\"", 1);
    for (colour, class) in
        [(FIRST, "var(--first)"), (SECOND, "var(--second)"), (INK, "var(--ink)"), (LINE, "var(--line)")]
    {
        svg = svg.replace(&format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2), class);
    }
    Ok(svg)
}

fn problem(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("cannot draw a plot: {error}")
}

const SIZE: (u32, u32) = (640, 300);
const TALLEST: usize = 1 << 14;
const MOST_CURVES: usize = 4;
const MOST_SAMPLES: usize = 1500;
// Stand-ins, which the page's style replaces: nothing else has these colours.
const FIRST: RGBColor = RGBColor(1, 2, 3);
const SECOND: RGBColor = RGBColor(4, 5, 6);
const INK: RGBColor = RGBColor(7, 8, 9);
const LINE: RGBColor = RGBColor(10, 11, 12);
