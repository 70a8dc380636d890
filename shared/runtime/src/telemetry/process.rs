//! Metrics of this process, read from `/proc` at each scrape; none except on Linux.

use std::fs::read_to_string;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Unit,
};

/// `/proc` counts in hundredths of a second, whatever the kernel was built with (proc(5), `USER_HZ`).
const TICKS_A_SECOND: f64 = 100.0;

#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        if let Some(seconds) = cpu_seconds(&read_to_string("/proc/self/stat").unwrap_or_default()) {
            let help = "CPU time in user and system mode";
            let metric =
                encoder.encode_descriptor("process_cpu", help, Some(&Unit::Seconds), MetricType::Counter)?;
            ConstCounter::new(seconds).encode(metric)?;
        }
        if let Some(bytes) = resident_bytes(&read_to_string("/proc/self/status").unwrap_or_default()) {
            let help = "Memory resident in RAM";
            let name = "process_resident_memory";
            let metric = encoder.encode_descriptor(name, help, Some(&Unit::Bytes), MetricType::Gauge)?;
            ConstGauge::new(bytes).encode(metric)?;
        }
        Ok(())
    }
}

/// `utime` and `stime`, the 14th and 15th field. The second, a name in parentheses, may itself contain `) `.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut ticks = fields.split(' ').skip(11).map_while(|field| field.parse::<f64>().ok());
    Some((ticks.next()? + ticks.next()?) / TICKS_A_SECOND)
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_proc_are_parsed() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 90 0 0 0 250 50 3 4 20 0 1 0 9 1 1";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(resident_bytes("Name:\troster\nVmRSS:\t   2048 kB\n"), Some(2 << 20));
        assert_eq!((cpu_seconds(""), resident_bytes("")), (None, None));
    }
}
