//! What the system says about processes: CPU time and memory, from `/proc`. Where there is none, nobody
//! is told a wrong number but none.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use serde::Serialize;

/// Reads `/proc`, in the clock ticks of this system.
#[derive(Debug, Clone, Copy)]
pub(super) struct Processes {
    ticks_per_second: f64,
}

/// Memory of a process in MiB.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Memory {
    /// Resident at this moment.
    pub(super) resident_mib: f64,
    /// The most that was ever resident.
    pub(super) peak_mib: f64,
}

impl Memory {
    /// The larger one of each.
    pub(super) fn larger(self, other: Self) -> Self {
        Self {
            resident_mib: self.resident_mib.max(other.resident_mib),
            peak_mib: self.peak_mib.max(other.peak_mib),
        }
    }
}

impl Processes {
    /// Asks for the length of a tick, which is a hundredth of a second nearly everywhere.
    pub(super) fn new() -> Self {
        let output = Command::new("getconf").arg("CLK_TCK").output().ok();
        let text = output.and_then(|output| String::from_utf8(output.stdout).ok());
        let ticks = text.and_then(|text| text.trim().parse().ok());
        Self { ticks_per_second: ticks.unwrap_or(100.0) }
    }

    /// The CPU time of one process with all its threads.
    pub(super) fn cpu(self, pid: u32) -> Option<Duration> {
        Stat::read(pid).map(|stat| self.time(stat.own))
    }

    /// The CPU time of a process, its children and those of its children that have ended.
    pub(super) fn family_cpu(self, pid: u32) -> Option<Duration> {
        let parent = Stat::read(pid)?;
        let children: u64 = all().values().filter(|stat| stat.parent == pid).map(Stat::sum).sum();
        Some(self.time(parent.sum() + children))
    }

    /// The CPU time that the whole machine has used, whoever it was.
    pub(super) fn machine_cpu(self) -> Option<Duration> {
        busy(&fs::read_to_string("/proc/stat").ok()?).map(|ticks| self.time(ticks))
    }

    /// How much memory a process takes.
    pub(super) fn memory(self, pid: u32) -> Option<Memory> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let mib = |name: &str| -> Option<f64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
            Some(kib / 1024.0)
        };
        Some(Memory { resident_mib: mib("VmRSS:")?, peak_mib: mib("VmHWM:")? })
    }

    fn time(self, ticks: u64) -> Duration {
        Duration::from_secs_f64(ticks as f64 / self.ticks_per_second)
    }
}

/// The fields of `/proc/<pid>/stat` that matter here, see proc_pid_stat(5).
struct Stat {
    parent: u32,
    own: u64,
    ended_children: u64,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The second field is the name of the program, which may hold anything; so we begin behind it.
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: number(11)? + number(12)?,
            ended_children: number(13)? + number(14)?,
        })
    }

    const fn sum(&self) -> u64 {
        self.own + self.ended_children
    }
}

/// All but idle and waiting; what guests use is in the first numbers already, see proc_stat(5).
fn busy(text: &str) -> Option<u64> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let fields: Vec<u64> =
        line.split_ascii_whitespace().map_while(|field| field.parse().ok()).collect();
    let counted = fields.iter().take(8).enumerate().filter(|(at, _)| !matches!(at, 3 | 4));
    Some(counted.map(|(_, ticks)| ticks).sum())
}

fn all() -> HashMap<u32, Stat> {
    let Ok(entries) = fs::read_dir("/proc") else { return HashMap::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| Some((pid, Stat::read(pid)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::{Stat, busy};

    #[test]
    fn a_machine_is_busy_unless_idle_or_waiting() {
        assert_eq!(busy("cpu  1 2 4 1000 1000 8 16 32 64 128\ncpu0 1\n"), Some(63));
    }

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_confuse() {
        let text = "7 (a) b) S 3 7 7 0 -1 4194304 1 2 3 4 50 6 700 8 20 0 1 0 99 0 0";
        let stat = Stat::parse(text).map(|stat| (stat.parent, stat.own, stat.ended_children));
        assert_eq!(stat, Some((3, 56, 708)));
    }
}
