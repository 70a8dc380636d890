//! Parses metrics in the Prometheus text format.

/// The whole number of the series `name` that has all of `labels` (`http_route="/users"`), summed where
/// several do.
pub fn value(text: &str, name: &str, labels: &[&str]) -> u64 {
    let series = text.lines().filter(|line| {
        let rest = line.strip_prefix(name).filter(|rest| rest.starts_with(['{', ' ']));
        rest.is_some_and(|rest| labels.iter().all(|label| rest.contains(label)))
    });
    series.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

/// How many series there are.
pub fn series(text: &str) -> usize {
    text.lines().filter(|line| !line.starts_with('#')).count()
}

/// A metric as it describes itself.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetricDescription {
    pub name: String,
    pub kind: String,
    /// The names of its labels, in order.
    pub labels: Vec<String>,
}

/// Every metric, by name.
pub fn described(text: &str) -> Vec<MetricDescription> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let mut all: Vec<_> = types
        .map(|(name, kind)| MetricDescription {
            name: name.to_owned(),
            kind: kind.to_owned(),
            labels: labels(text, name),
        })
        .collect();
    all.sort();
    all
}

fn labels(text: &str, name: &str) -> Vec<String> {
    let ours = |line: &&str| {
        let rest = line.strip_prefix(name).unwrap_or_default();
        ["{", " ", "_bucket{", "_sum", "_count"].iter().any(|next| rest.starts_with(next))
    };
    let line = text.lines().find(ours).unwrap_or_default();
    let inside =
        line.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).map_or("", |(inside, _)| inside);
    // No label value here contains a comma.
    let names = inside.split(',').filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
    names.filter(|name| name != "le").collect()
}
