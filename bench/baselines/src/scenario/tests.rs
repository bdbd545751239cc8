//! The whole scenario with tiny windows: its figures mean nothing, its shape must hold.

use std::rc::Rc;
use std::time::Duration;

use super::{Settings, Sizes, run};
use crate::files::Scratch;
use crate::group_committer::GroupCommitterOpener;
use crate::log_subject::LogOpener;
use crate::subject::Opener;

fn tiny(folder: &Scratch) -> Settings {
    Settings {
        rounds: 1,
        long_rounds: 1,
        window: Duration::from_millis(10),
        long_window: Duration::from_millis(20),
        chats: 50,
        targets: (1..=6).collect(),
        folder: folder.path().to_path_buf(),
        commit: "test".to_owned(),
        sizes: Sizes {
            device_bytes: 4 << 20,
            file_bytes: 4 << 20,
            warm_up_files: 1,
            lead_in: Duration::from_millis(2),
        },
    }
}

fn report_has_every_target(subject: Rc<dyn Opener>) {
    let folder = Scratch::create(&std::env::temp_dir()).unwrap();
    let report = run(&tiny(&folder), Rc::clone(&subject)).unwrap();
    let targets: Vec<u8> = report.rows.iter().map(|row| row.target).collect();
    assert_eq!(targets, [1, 2, 3, 4, 5, 6]);
    assert_eq!(report.streams.len(), 18);
    let (text, json) = (report.to_text(), report.to_json().to_string());
    for row in &report.rows {
        assert!(text.contains(&row.title) && json.contains(&row.title));
    }
    assert!(text.contains("fdatasync before ack"), "titles carry the durability class");
    drop(report);
    drop(subject);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

#[test]
fn a_run_with_the_bare_committer_reports_all_six_targets_and_leaves_nothing_behind() {
    report_has_every_target(Rc::new(GroupCommitterOpener { in_flight: 1, file_bytes: 4 << 20 }));
}

#[test]
fn a_run_with_the_log_reports_all_six_targets_and_leaves_nothing_behind() {
    report_has_every_target(Rc::new(LogOpener::new(4 << 20)));
}
