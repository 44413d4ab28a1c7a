//! docs/TOKENS.md and its plot: written from the figures, never by hand.

use std::fmt::Write as _;
use std::{fs, io};

use service_tests::repository;

use crate::figures::{Figure, Target};

const BEFORE: &str = "# Tokens

What an agent pays, in tokens of `o200k_base` (`cl100k_base` beside it), counted over the wire of a running
server. GitHub and Figma are doubles on 127.0.0.1 that answer with the fixtures of `tests/fixtures`, which
were written for this in the documented shapes; the page is opened in a real Chromium. Answers are in the
form that is smallest (`\"format\": \"auto\"`), which the Model Context Protocol's tool uses unasked.

Written by `scripts/tokens --write`; do not edit. CI runs the same and fails when a figure is worse than the
accepted one (`tests/tokens/accepted.json`) or misses its target. At least 100 questions over the fixtures are
answered by code from these answers alone, or with what their handles, cursors and numbers give
(`tests/tests/tokens/questions.rs`).

![What an agent pays: the baseline and this server](tokens.svg)

| what | tokens | `cl100k_base` | bytes | target | baseline | times smaller |
| --- | --- | --- | --- | --- | --- | --- |
";

const AFTER: &str = "
The requests by which finding is measured are in `tests/requests`: those of `held_out.tsv` were written
without a look at the words of the actions, and no words were chosen by them. A session of ten steps finds an
action twice, lists issues and reads one, adds a task and changes it, lists pull requests and tasks, looks at a
design and at a page (`tests/tests/tokens/session.rs`). Its peak is what stands in the context at the end;
\"in all\" is what is read when the context is read again for each step.
";

/// Writes both.
pub(crate) fn write(figures: &[Figure]) -> io::Result<()> {
    let folder = repository().join("docs");
    let rows: String = figures.iter().map(row).collect();
    fs::write(folder.join("TOKENS.md"), format!("{BEFORE}{rows}{AFTER}"))?;
    fs::write(folder.join("tokens.svg"), plot(figures))
}

fn row(figure: &Figure) -> String {
    let shown = |value: usize| if value == 0 { String::new() } else { value.to_string() };
    let (baseline, times) = match figure.baseline {
        Some((tokens, what)) => {
            let times = tokens * 10 / figure.size.o200k.max(1);
            (format!("{tokens} {what}"), format!("{}.{}", times / 10, times % 10))
        }
        None => (String::new(), String::new()),
    };
    format!(
        "| {} | {} | {} | {} | {} | {baseline} | {times} |\n",
        figure.name,
        figure.shown(),
        shown(figure.size.cl100k),
        shown(figure.size.bytes),
        figure.aim(),
    )
}

/// Two bars for each figure that has a baseline, on a scale of powers of ten.
fn plot(figures: &[Figure]) -> String {
    let rows: Vec<(&Figure, usize)> = figures
        .iter()
        .filter(|figure| matches!(figure.target, Target::AtMost(_)))
        .filter_map(|figure| Some((figure, figure.baseline?.0)))
        .collect();
    let height = 70 + rows.len() * 44;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"900\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"900\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"270\" y=\"24\" fill=\"#2563eb\">this server</text>\n\
         <text x=\"360\" y=\"24\" fill=\"#6b7280\">baseline</text>\n\
         <text x=\"690\" y=\"24\" fill=\"#374151\">tokens, powers of ten</text>\n"
    );
    let mut draw = |text: String| svg.write_str(&text).expect("a String takes everything");
    let bottom = height - 24;
    for (power, label) in ["1", "10", "100", "1,000", "10,000", "100,000"].iter().enumerate() {
        let x = 270 + power * 100;
        draw(format!(
            "<line x1=\"{x}\" y1=\"34\" x2=\"{x}\" y2=\"{bottom}\" stroke=\"#e5e7eb\"/>\n"
        ));
        draw(format!(
            "<text x=\"{x}\" y=\"{}\" fill=\"#6b7280\" text-anchor=\"middle\" font-size=\"11\">{label}</text>\n",
            bottom + 16
        ));
    }
    for (index, (figure, baseline)) in rows.iter().enumerate() {
        let y = 42 + index * 44;
        draw(format!(
            "<text x=\"260\" y=\"{}\" text-anchor=\"end\" fill=\"#111827\">{}</text>\n",
            y + 20,
            figure.name
        ));
        for (tokens, offset, colour) in
            [(figure.size.o200k, 0, "#2563eb"), (*baseline, 15, "#9ca3af")]
        {
            let width = length(tokens);
            draw(format!(
                "<rect x=\"270\" y=\"{}\" width=\"{width}\" height=\"13\" fill=\"{colour}\"/>\n",
                y + offset
            ));
            draw(format!(
                "<text x=\"{}\" y=\"{}\" fill=\"#374151\" font-size=\"11\">{tokens}</text>\n",
                270 + width + 5,
                y + offset + 11
            ));
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// The length of a bar: 100 for each power of ten.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixels of a bar"
)]
fn length(tokens: usize) -> usize {
    ((tokens.max(1) as f64).log10() * 100.0).round() as usize
}
