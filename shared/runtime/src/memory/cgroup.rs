//! The memory limit of this process's container: of its control group and those above it (cgroups(7)).

use std::path::{Path, PathBuf};

/// In version 1, values from here on mean that there is no limit: the kernel reports the largest multiple of
/// a page.
const UNLIMITED: u64 = 1 << 60;

/// The files with the limits of the process whose `/proc/PID/cgroup` this is. In a container its own group is
/// often mounted at the root, whatever its path is called.
pub(super) fn limit_files(groups: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            some if some.split(',').any(|controller| controller == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let group = Path::new(path.trim_start_matches('/'));
        files.extend(group.ancestors().map(|group| Path::new(root).join(group).join(file)));
    }
    files
}

/// The limit that such a file holds.
pub(super) fn limit(text: &str) -> Option<u64> {
    // `max` is not a number.
    text.trim().parse().ok().filter(|bytes| *bytes < UNLIMITED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_a_group_and_of_those_above_it_are_read() {
        for (groups, files) in [
            ("0::/\n", vec!["/sys/fs/cgroup/memory.max"]),
            (
                "0::/kubepods.slice/pod1\n",
                vec![
                    "/sys/fs/cgroup/kubepods.slice/pod1/memory.max",
                    "/sys/fs/cgroup/kubepods.slice/memory.max",
                    "/sys/fs/cgroup/memory.max",
                ],
            ),
            (
                "4:cpu,cpuacct:/docker/a\n3:hugetlb,memory:/docker/a\n1:name=systemd:/docker/a\n",
                vec![
                    "/sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes",
                    "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes",
                    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                ],
            ),
            ("", vec![]),
            ("nonsense\n1:\n", vec![]),
        ] {
            assert_eq!(limit_files(groups), files.iter().map(PathBuf::from).collect::<Vec<_>>(), "{groups}");
        }
    }

    #[test]
    fn the_largest_number_is_no_limit() {
        for (text, expected) in [
            ("335544320\n", Some(320 << 20)),
            ("max\n", None),
            ("9223372036854771712\n", None),
            ("18446744073709551616\n", None),
            ("", None),
            ("-1\n", None),
        ] {
            assert_eq!(limit(text), expected, "{text}");
        }
    }
}
