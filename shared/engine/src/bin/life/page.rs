//! The report of `life simulate` as one page without scripts: charts in SVG, and a table of what is rare.

use engine::Content;

use crate::tally::{BANDS, Tally};

/// How many of the rarest events are listed.
const RAREST: usize = 40;
/// Pixels of a chart's widest bar, and of a row.
const WIDTH: u64 = 480;
const ROW: usize = 18;

/// The whole page.
pub(crate) fn page(content: &Content, tally: &Tally) -> String {
    let all = &content.rules().events;
    let count = |id: &str| tally.events.get(id).copied().unwrap_or(0);
    let mut rarest: Vec<(String, u64)> = all.iter().map(|event| (event.id.clone(), count(&event.id))).collect();
    rarest.sort_by_key(|(_, count)| *count);
    let met = rarest.iter().filter(|(_, count)| *count > 0).count();
    rarest.truncate(RAREST);
    let ratio = |band: usize| (format!("from {}", BANDS[band]), tally.actual_to_expected(band));
    let deaths: Vec<(String, u64)> = (0..BANDS.len()).map(ratio).collect();
    let causes: Vec<(String, u64)> = tally.causes.iter().map(|(cause, count)| (cause.clone(), *count)).collect();
    let mut again: Vec<(String, u64)> = tally.repeated.iter().map(|(id, count)| (id.clone(), *count)).collect();
    again.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    again.truncate(RAREST);
    let charts = [
        chart("Deaths in percent of those the tables expect, by age", &deaths),
        chart("Deaths by cause", &causes),
        chart("Rarest events", &rarest),
        chart("Repeats within a life", &again),
    ];
    format!(
        "<!doctype html><meta charset=utf-8><title>{lives} lives</title>\n<h1>{lives} lives</h1>\n\
         <p>{met} of {} events met; {} repeats in ten thousand; {} errors.</p>\n{}",
        all.len(),
        tally.repeats_pmm(),
        tally.errors.len(),
        charts.concat(),
        lives = tally.lives,
    )
}

/// A bar for each row, the longest as wide as the chart.
fn chart(title: &str, rows: &[(String, u64)]) -> String {
    let most = rows.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let bar = |(place, (name, count)): (usize, &(String, u64))| {
        let (top, text, width) = (place * ROW, place * ROW + ROW - 5, count * WIDTH / most);
        format!(
            "<text x=0 y={text}>{name}</text><rect x=200 y={top} width={width} height={} fill=steelblue />\
             <text x={} y={text}>{count}</text>\n",
            ROW - 3,
            205 + width,
        )
    };
    let bars: String = rows.iter().enumerate().map(bar).collect();
    format!("<h2>{title}</h2>\n<svg width=760 height={} font-size=12>\n{bars}</svg>\n", rows.len() * ROW)
}
