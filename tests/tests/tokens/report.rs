//! Writes docs/TOKENS.md and its plot from the figures.

use std::fmt::Write as _;
use std::{fs, io};

use service_tests::repository;

use crate::figures::{Figure, Target};

const BEFORE: &str = "# Tokens

This page is for people who pay for an agent's tokens. It shows the cost of tools, calls and answers with this server, next
to a baseline. `scripts/tokens` measures it; `scripts/tokens --write` also writes this page, so do not edit it. CI fails if
a figure is worse than the accepted one (`tests/tokens/accepted.json`) or misses its target.

Tokens are those of `o200k_base`; `cl100k_base` is shown too. They are counted in the requests and responses of a running
server. GitHub and Figma are mock servers on 127.0.0.1, whose answers in `tests/fixtures` have the documented format.
The page is opened in a real Chromium. Answers are in the smallest format (`\"format\": \"auto\"`), the default of the
Model Context Protocol's tool.

The short answers must also be sufficient. A test answers over 100 questions about the fixtures from them alone, or by
following their handles, cursors and numbers (`tests/tests/tokens/questions.rs`).

![Tokens that an agent pays: the baseline and this server](tokens.svg)

| what | tokens | `cl100k_base` | bytes | target | baseline | times smaller |
| --- | --- | --- | --- | --- | --- | --- |
";

const AFTER: &str = "
- **Finding an action** is measured with the requests in `tests/requests`. The authors of `held_out.tsv` did not see the
  search words of the actions, and no search word was chosen for those requests.
- **Ten steps** are a session of an agent (`tests/tests/tokens/session.rs`). It finds an action twice, lists issues and reads
  one, and adds and changes a task. Then it lists pull requests and tasks, and looks at a design and a page. The peak is
  the size of the context at the end. \"Read in all\" counts the whole context again for each step.
";

/// Writes the page and the plot.
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

/// Draws two bars for each figure that has a baseline, on a logarithmic scale.
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
    let mut draw = |text: String| svg.write_str(&text).expect("writing to a String does not fail");
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

/// Returns the length of a bar: 100 for each power of ten.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixels of a bar"
)]
fn length(tokens: usize) -> usize {
    ((tokens.max(1) as f64).log10() * 100.0).round() as usize
}
