//! What a reader must know of the machine before a figure means anything.

use std::fs::read_to_string;
use std::path::Path;

use crate::json::Json;

/// The machine and the build behind the figures. What cannot be found out reads `unknown`.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Kernel name and release.
    pub kernel: String,
    /// Model of the processor and how many of them this process may use.
    pub cpu: String,
    /// File system type, its options, and the device of the measured folder.
    pub file_system: String,
    /// Write cache of that device, as the kernel sees it.
    pub write_cache: String,
    /// Load averages of 1, 5 and 15 minutes before anything was measured.
    pub load: String,
    /// Commit of the measured code.
    pub commit: String,
}

impl Machine {
    /// Looks at the machine that holds this folder.
    #[must_use]
    pub fn of(folder: &Path, commit: &str) -> Self {
        let name = rustix::system::uname();
        let kernel = format!("{} {}", name.sysname().to_string_lossy(), release(&name));
        let cpus = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        let mount = mount_of(folder).unwrap_or_default();
        Self {
            kernel,
            cpu: format!("{cpus} x {}", cpu_model()),
            file_system: mount.described(),
            write_cache: mount.write_cache(),
            load: load(),
            commit: commit.to_owned(),
        }
    }

    /// The durability class of every row, as it stands in titles.
    #[must_use]
    pub fn durability(&self) -> String {
        format!("fdatasync before ack, device cache: {}", self.write_cache)
    }

    /// Names and values, in the order in which they are printed.
    #[must_use]
    pub fn facts(&self) -> [(&'static str, &str); 6] {
        [
            ("kernel", &self.kernel),
            ("cpu", &self.cpu),
            ("file system", &self.file_system),
            ("device write cache", &self.write_cache),
            ("load before", &self.load),
            ("commit", &self.commit),
        ]
    }

    /// The same as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let fields = self.facts().map(|(name, value)| (name, Json::text(value)));
        Json::object(fields)
    }
}

#[derive(Default)]
struct Mount {
    device_number: String,
    kind: String,
    source: String,
    options: String,
}

impl Mount {
    fn described(&self) -> String {
        if self.kind.is_empty() {
            return unknown();
        }
        format!("{} on {} ({})", self.kind, self.source, self.options)
    }

    fn write_cache(&self) -> String {
        let block = format!("/sys/dev/block/{}", self.device_number);
        // A partition has its queue at the disk that it is a part of.
        [format!("{block}/queue/write_cache"), format!("{block}/../queue/write_cache")]
            .iter()
            .find_map(|path| read_to_string(path).ok())
            .map_or_else(unknown, |text| text.trim().to_owned())
    }
}

fn release(name: &rustix::system::Uname) -> String {
    name.release().to_string_lossy().into_owned()
}

fn load() -> String {
    let text = read_to_string("/proc/loadavg").unwrap_or_default();
    let averages: Vec<&str> = text.split(' ').take(3).collect();
    if averages.is_empty() { unknown() } else { averages.join(" ") }
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn cpu_model() -> String {
    let text = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(':')).map_or_else(unknown, |(_, it)| it.trim().to_owned())
}

/// The mount with the longest path above the folder.
fn mount_of(folder: &Path) -> Option<Mount> {
    let folder = folder.canonicalize().ok()?;
    let text = read_to_string("/proc/self/mountinfo").ok()?;
    let above = text.lines().filter_map(|line| {
        let point = line.split(' ').nth(4)?;
        folder.starts_with(point).then_some((point.len(), line))
    });
    let (_, line) = above.max_by_key(|&(length, _)| length)?;
    let (left, right) = line.split_once(" - ")?;
    let (mut left, mut right) = (left.split(' '), right.split(' '));
    Some(Mount {
        device_number: left.nth(2)?.to_owned(),
        options: left.nth(2)?.to_owned(),
        kind: right.next()?.to_owned(),
        source: right.next()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_folder_has_a_file_system_and_every_fact_is_filled_in() {
        let machine = Machine::of(Path::new("/"), "abc");
        assert_ne!(machine.file_system, "unknown");
        assert!(machine.facts().iter().all(|(_, value)| !value.is_empty()));
    }
}
