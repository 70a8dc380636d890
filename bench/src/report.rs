//! The table.

use std::fmt;

use crate::pairs::Spread;

/// The target of a figure.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

/// The unit of a figure.
#[derive(Clone, Copy)]
pub(crate) struct Unit {
    pub(crate) name: &'static str,
    pub(crate) digits: usize,
}

pub(crate) const RATIO: Unit = Unit { name: "×", digits: 2 };
pub(crate) const MEGABYTES: Unit = Unit { name: "MB", digits: 1 };
pub(crate) const MILLISECONDS: Unit = Unit { name: "ms", digits: 1 };
pub(crate) const A_SECOND: Unit = Unit { name: "/s", digits: 0 };

/// Rows for figures with a target, and remarks that explain them.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<String>,
    remarks: Vec<String>,
}

impl Report {
    /// Adds a figure, judged by its median.
    pub(crate) fn figure(&mut self, name: &str, target: Target, spread: &Spread, unit: Unit) {
        let Unit { name: unit, digits } = unit;
        let median = spread.median();
        let (target, of_target, pass) = match target {
            Target::AtLeast(least) => (format!("≥ {} {unit}", short(least)), median / least, median >= least),
            Target::AtMost(most) => (format!("≤ {} {unit}", short(most)), median / most, median <= most),
        };
        let (min, max) = (spread.min(), spread.max());
        let verdict = if pass { "pass" } else { "**miss**" };
        self.rows.push(format!(
            "| {name} | {target} | {median:.digits$} {unit} | {of_target:.2} | {min:.digits$} … {max:.digits$} | {verdict} |"
        ));
    }

    pub(crate) fn remark(&mut self, text: String) {
        self.remarks.push(text);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| figure | target | median | of target | min … max | |\n|---|---|---|---|---|---|")?;
        for row in &self.rows {
            writeln!(f, "{row}")?;
        }
        writeln!(f)?;
        for remark in &self.remarks {
            writeln!(f, "- {remark}")?;
        }
        Ok(())
    }
}

/// With at most two digits after the point.
fn short(target: f64) -> f64 {
    (target * 100.0).round() / 100.0
}

#[allow(clippy::cast_precision_loss, reason = "memory in megabytes, with one digit")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
