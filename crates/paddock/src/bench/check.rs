//! What it costs to ask, in every transaction, whether the user may still act: the same transaction with and
//! without that statement, in turns, without any server in between.

use super::error::BenchError;
use super::figures::{Check, median};
use super::floor::FloorRun;
use super::measure::Bench;
use super::workload::{USUAL_CONNECTIONS, Workload};

impl Bench<'_> {
    /// Nothing where there is no pgbench.
    pub(super) fn check(&self) -> Result<Option<Check>, BenchError> {
        let planned = self.plan.cells.iter().any(|cell| cell.0 == Workload::Unchecked);
        let Some(floor) = self.floor.as_ref().filter(|_| planned) else { return Ok(None) };
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for round in 1..=self.plan.rounds {
            eprintln!("check: {}, round {round}", Workload::Unchecked.title());
            for (workload, runs) in
                [(Workload::Get, &mut with), (Workload::Unchecked, &mut without)]
            {
                runs.push(floor.run(workload, USUAL_CONNECTIONS, self.plan.seconds)?);
            }
        }
        let (database_cpu, database_cpu_without) = (cpu(&with), cpu(&without));
        Ok(rate(&with).zip(rate(&without)).map(|(rate, rate_without)| Check {
            rate,
            rate_without,
            database_cpu,
            database_cpu_without,
            ratio: database_cpu
                .zip(database_cpu_without)
                .map_or(rate_without / rate, |(with, without)| with / without),
        }))
    }
}

/// In microseconds for each transaction.
fn cpu(runs: &[FloorRun]) -> Option<f64> {
    let micros = |run: &FloorRun| run.database_cpu.map(|time| time.as_secs_f64() * 1e6);
    median(&runs.iter().filter_map(micros).collect::<Vec<_>>())
}

/// Transactions in each second.
fn rate(runs: &[FloorRun]) -> Option<f64> {
    median(&runs.iter().map(|run| run.rate).collect::<Vec<_>>())
}
