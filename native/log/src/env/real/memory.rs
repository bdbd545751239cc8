//! How much memory this process may use: what sizes that depend on it are derived from.

use std::fs;

/// Where nothing says how much there is.
const UNKNOWN_BYTES: u64 = 4 << 30;

/// The least of what the machine has and what the process's group may have.
pub(super) fn memory_bytes() -> u64 {
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limit = |path: &&str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let kib = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        kib.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    });
    limits.iter().filter_map(limit).chain(machine).min().unwrap_or(UNKNOWN_BYTES)
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_is_some_memory() {
        assert!(super::memory_bytes() > 16 << 20);
    }
}
