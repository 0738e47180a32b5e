//! What a run came to: plain values, for the table and for the file.

use serde::Serialize;

use super::histogram::Histogram;
use super::procfs::Memory;
use super::workload::{
    COLD_START_BAR, DATABASE_CPU_BAR, FLAT_BAR, MEMORY_BAR, NOISY_BAR, SERVER_CPU_BAR, TRIPS_BAR,
    USUAL_CONNECTIONS, Workload,
};

/// All figures of a run. Times are in microseconds and CPU times are per request, unless the name says
/// otherwise. What could not be measured on this machine is absent.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) setting: Setting,
    pub(super) cells: Vec<Cell>,
    pub(super) flat: Vec<Flat>,
    pub(super) trips: Option<Trips>,
    pub(super) noise: Vec<Noise>,
    pub(super) check: Option<Check>,
    /// Under load: at the end of a turn, and at any time since the start.
    pub(super) memory: Option<Memory>,
    pub(super) cold_starts_ms: Vec<f64>,
    /// Where requests failed, how many, and how the first did.
    pub(super) failures: Vec<String>,
    pub(super) bars: Vec<Bar>,
}

/// What was compared, and how.
#[derive(Debug, Serialize)]
pub(super) struct Setting {
    pub(super) paddock: String,
    pub(super) postgresql: String,
    pub(super) pgbench: Option<String>,
    pub(super) cores: usize,
    pub(super) data: String,
    pub(super) rounds: u32,
    pub(super) seconds: u32,
}

/// One workload with one number of connections. Figures are medians of the rounds; latencies are of all.
#[derive(Debug, Serialize)]
pub(super) struct Cell {
    pub(super) workload: &'static str,
    pub(super) title: &'static str,
    pub(super) connections: usize,
    /// Requests per second; rows per second for batches.
    pub(super) rate: f64,
    pub(super) floor_rate: Option<f64>,
    pub(super) ratio: Option<f64>,
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) server_cpu: Option<f64>,
    /// What hello took in turns between those of this workload.
    pub(super) hello_cpu: Option<f64>,
    pub(super) server_cpu_ratio: Option<f64>,
    pub(super) database_cpu: Option<f64>,
    pub(super) floor_database_cpu: Option<f64>,
    pub(super) database_cpu_ratio: Option<f64>,
    /// Of all cores.
    pub(super) generator_share: Option<f64>,
    /// What programs took that have nothing to do with this: the less, the better the figures.
    pub(super) strangers_share: Option<f64>,
    /// The rates of each round, to see how steady the machine is.
    pub(super) rates: Vec<f64>,
    pub(super) floor_rates: Vec<f64>,
}

/// The same request in a small company and in the largest one: CPU of server and database together.
#[derive(Debug, Serialize)]
pub(super) struct Flat {
    pub(super) workload: &'static str,
    pub(super) small_company: u64,
    pub(super) small_cpu: f64,
    pub(super) large_company: u64,
    pub(super) large_cpu: f64,
    pub(super) ratio: f64,
}

/// What half a millisecond of network between server and database adds to W1, on one connection.
#[derive(Debug, Serialize)]
pub(super) struct Trips {
    pub(super) p50: f64,
    pub(super) p50_with_network: f64,
    /// What the network adds to one round trip, as measured.
    pub(super) network: f64,
    pub(super) trips: f64,
}

/// What it costs to ask in every transaction whether the user may still act: the floor of W1 with and without.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) rate: f64,
    pub(super) rate_without: f64,
    pub(super) database_cpu: Option<f64>,
    pub(super) database_cpu_without: Option<f64>,
    /// Of the CPU, or of the time where that is not known.
    pub(super) ratio: f64,
}

/// What a company that asks 80 times a second notices of a noisy neighbour.
#[derive(Debug, Serialize)]
pub(super) struct Noise {
    /// What stands between the two.
    pub(super) by: &'static str,
    pub(super) quiet_p50: f64,
    pub(super) quiet_p99: f64,
    pub(super) noisy_p50: f64,
    pub(super) noisy_p99: f64,
    pub(super) ratio: f64,
    /// Of the neighbour, each second.
    pub(super) served: f64,
    pub(super) refused: f64,
}

impl Noise {
    pub(super) fn new(
        by: &'static str,
        quiet: &Histogram,
        noisy: &Histogram,
        [served, refused]: [f64; 2],
    ) -> Self {
        let micros = |of: &Histogram, share| of.quantile(share).as_secs_f64() * 1e6;
        let (quiet_p99, noisy_p99) = (micros(quiet, 0.99), micros(noisy, 0.99));
        Self {
            by,
            quiet_p50: micros(quiet, 0.5),
            quiet_p99,
            noisy_p50: micros(noisy, 0.5),
            noisy_p99,
            ratio: noisy_p99 / quiet_p99,
            served,
            refused,
        }
    }
}

/// A figure, and what it should be.
#[derive(Debug, Serialize)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) bar: f64,
    /// Otherwise, at most.
    pub(super) at_least: bool,
    pub(super) ok: bool,
}

impl Figures {
    /// Holds everything that was measured against its bar.
    pub(super) fn judge(&mut self) {
        let mut bars: Vec<Bar> = self.cells.iter().filter_map(Cell::bar).collect();
        bars.extend(self.cpu_bars());
        let flat = |flat: &Flat| {
            at_most(
                format!("{} CPU, largest company to small one", flat.workload),
                flat.ratio,
                FLAT_BAR,
            )
        };
        bars.extend(self.flat.iter().map(flat));
        let trips = self.trips.as_ref().map(|trips| trips.trips);
        bars.extend(trips.map(|n| at_most("W1 round trips per request".to_owned(), n, TRIPS_BAR)));
        let limited = self.noise.iter().filter(|noise| noise.refused > 0.0);
        let p99 = |noise: &Noise| {
            at_most(format!("p99 beside a noisy neighbour, {}", noise.by), noise.ratio, NOISY_BAR)
        };
        bars.extend(limited.map(p99));
        let memory = self.memory.map(|memory| memory.resident_mib);
        bars.extend(
            memory.map(|mib| at_most("memory under load, MiB".to_owned(), mib, MEMORY_BAR)),
        );
        let start = median(&self.cold_starts_ms);
        bars.extend(start.map(|ms| at_most("cold start, ms".to_owned(), ms, COLD_START_BAR)));
        self.bars = bars;
    }

    /// The server's CPU against that of hello, the database's against that of the floor.
    fn cpu_bars(&self) -> Vec<Bar> {
        let usual = |workload: Workload| {
            let mut cells = self.cells.iter();
            cells.find(|c| c.workload == workload.code() && c.connections == USUAL_CONNECTIONS)
        };
        let mut bars = Vec::new();
        for cell in [Workload::Get, Workload::List].into_iter().filter_map(usual) {
            let code = cell.workload;
            let name = format!("{code} server CPU to that of hello");
            bars.extend(cell.server_cpu_ratio.map(|ratio| at_most(name, ratio, SERVER_CPU_BAR)));
            let name = format!("{code} database CPU to that of the floor");
            bars.extend(
                cell.database_cpu_ratio.map(|ratio| at_most(name, ratio, DATABASE_CPU_BAR)),
            );
        }
        bars
    }
}

impl Cell {
    fn bar(&self) -> Option<Bar> {
        let workload: Workload = self.workload.parse().ok()?;
        let (value, bar) = (self.ratio?, workload.bar()?);
        let name = format!("{} ratio, {} connections", self.workload, self.connections);
        Some(Bar { name, value, bar, at_least: true, ok: value >= bar })
    }
}

fn at_most(name: String, value: f64, bar: f64) -> Bar {
    Bar { name, value, bar, at_least: false, ok: value <= bar }
}

/// The value in the middle, or half way between the two in the middle.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get((sorted.len() - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
