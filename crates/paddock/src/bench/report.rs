//! The figures as people read them.

use std::io::{self, Write};

use super::figures::{Bar, Cell, Figures, median};

/// Writes the whole report.
pub(super) fn write(figures: &Figures, out: &mut impl Write) -> io::Result<()> {
    setting(figures, out)?;
    cells(&figures.cells, out)?;
    others(figures, out)?;
    bars(&figures.bars, out)
}

fn setting(figures: &Figures, out: &mut impl Write) -> io::Result<()> {
    let s = &figures.setting;
    writeln!(out, "Paddock {} on PostgreSQL {}, {} cores", s.paddock, s.postgresql, s.cores)?;
    writeln!(out, "Data: {}", s.data)?;
    match &s.pgbench {
        Some(version) => writeln!(
            out,
            "Floor: pgbench {version}, the same transaction as one pipeline, as many connections"
        )?,
        None => writeln!(out, "Floor: none, as there is no pgbench")?,
    }
    writeln!(
        out,
        "Turns: {} of {} s each, floor and server alternating; rates are medians, CPU is in µs per \
         request",
        s.rounds, s.seconds
    )?;
    writeln!(out)
}

fn cells(cells: &[Cell], out: &mut impl Write) -> io::Result<()> {
    let head = [
        "",
        "conn.",
        "server/s",
        "floor/s",
        "ratio",
        "p50 ms",
        "p99 ms",
        "CPU server",
        "CPU db",
        "floor db",
        "ratio",
        "generator",
        "others",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(cells.iter().map(row));
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 13] = std::array::from_fn(width);
    for row in &rows {
        let first = format!("{:<1$}", row[0], widths[0]);
        let rest = row.iter().zip(widths).skip(1).map(|(text, width)| format!("  {text:>width$}"));
        writeln!(out, "{first}{}", rest.collect::<String>())?;
    }
    writeln!(out)
}

fn row(cell: &Cell) -> [String; 13] {
    let of_floor = |text: String| if cell.floor_rate.is_some() { text } else { String::new() };
    let unit = if cell.title.contains("1,000") { " (rows/s)" } else { "" };
    [
        format!("{} {}{unit}", cell.workload, cell.title),
        cell.connections.to_string(),
        format!("{:.0}", cell.rate),
        of_floor(optional(cell.floor_rate, 0)),
        of_floor(optional(cell.ratio, 2)),
        format!("{:.2}", cell.p50 / 1e3),
        format!("{:.2}", cell.p99 / 1e3),
        optional(cell.server_cpu, 1),
        optional(cell.database_cpu, 1),
        of_floor(optional(cell.floor_database_cpu, 1)),
        of_floor(optional(cell.database_cpu_ratio, 2)),
        percent(cell.generator_share),
        percent(cell.strangers_share),
    ]
}

fn others(figures: &Figures, out: &mut impl Write) -> io::Result<()> {
    for flat in &figures.flat {
        writeln!(
            out,
            "{}: {:.1} µs of CPU in a company of {} customers, {:.1} µs in one of {}",
            flat.workload, flat.small_cpu, flat.small_company, flat.large_cpu, flat.large_company
        )?;
    }
    if let Some(trips) = &figures.trips {
        writeln!(
            out,
            "W1: p50 {:.2} ms, and {:.2} ms if a round trip to the database takes {:.2} ms more",
            trips.p50 / 1e3,
            trips.p50_with_network / 1e3,
            trips.network / 1e3
        )?;
    }
    for noise in &figures.noise {
        writeln!(
            out,
            "Beside a noisy neighbour ({}; it got {:.0} answers and {:.0} refusals a second): p50 {:.2} ms \
             for {:.2}, p99 {:.2} ms for {:.2}",
            noise.by,
            noise.served,
            noise.refused,
            noise.noisy_p50 / 1e3,
            noise.quiet_p50 / 1e3,
            noise.noisy_p99 / 1e3,
            noise.quiet_p99 / 1e3
        )?;
    }
    if let Some(check) = &figures.check {
        writeln!(
            out,
            "Asking whether the user may still act: {:.2} times the database's CPU of W1 without ({} µs for {}), \
             {:.0} transactions/s for {:.0}",
            check.ratio,
            optional(check.database_cpu, 1),
            optional(check.database_cpu_without, 1),
            check.rate,
            check.rate_without
        )?;
    }
    if let Some(memory) = figures.memory {
        writeln!(
            out,
            "Memory of the server: {:.1} MiB under load, {:.1} MiB at its peak",
            memory.resident_mib, memory.peak_mib
        )?;
    }
    if let Some(start) = median(&figures.cold_starts_ms) {
        writeln!(out, "Cold start to the first answer: {start:.0} ms")?;
    }
    writeln!(out)
}

fn bars(bars: &[Bar], out: &mut impl Write) -> io::Result<()> {
    for bar in bars {
        let relation = if bar.at_least { "at least" } else { "at most" };
        let verdict = match (bar.ok, bar.at_least) {
            (true, _) => "ok",
            (false, true) => "below",
            (false, false) => "above",
        };
        writeln!(out, "{} {:.2} (bar: {relation} {:.2}) {verdict}", bar.name, bar.value, bar.bar)?;
    }
    Ok(())
}

fn optional(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(absent, |value| format!("{value:.digits$}"))
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(absent, |share| format!("{:.0} %", share * 100.0))
}

fn absent() -> String {
    "–".to_owned()
}
