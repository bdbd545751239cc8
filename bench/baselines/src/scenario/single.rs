//! Target 6: one append at a time against the raw sync of one page on the same kind of file.

use std::io;

use crate::load::Pace;
use crate::numbers::ratio;
use crate::scenario::KIBIBYTE;
use crate::scenario::report::{Line, Report, Row};
use crate::scenario::rig::Rig;
use crate::statistics::{Estimate, mean, median};

/// Measures target 6.
///
/// # Errors
/// When the disk or the subject fails.
pub fn one_at_a_time(rig: &mut Rig<'_>, report: &mut Report) -> io::Result<()> {
    let window = rig.settings.window;
    let mut line = Line::new(6, format!("{}, one at a time, 1 KiB", rig.log.name()));
    let (mut ratios, mut raw_rates) = (Vec::new(), Vec::new());
    for _ in 0..rig.settings.rounds {
        rig.log.make_room(2, window, 0.05)?;
        let before = rig.device.single_pages(window)?;
        let first = line.add(rig.log.drive(KIBIBYTE, Pace::OneByOne, window)?);
        let second = line.add(rig.log.drive(KIBIBYTE, Pace::OneByOne, window)?);
        let raw = mean(&[before, rig.device.single_pages(window)?]);
        raw_rates.push(raw);
        ratios.push(ratio(mean(&[first, second]), raw));
    }
    report.rows.push(Row {
        target: 6,
        title: "one 1 KiB append at a time / raw 4 KiB fdatasync".to_owned(),
        value: Estimate::of(&ratios),
        must: 0.82,
        aim: 0.92,
        more_is_better: true,
        beside: vec![
            ("appends/s".to_owned(), line.mean(|it| it.rate)),
            ("raw syncs/s".to_owned(), median(&raw_rates)),
            ("cpu us/append".to_owned(), line.mean(|it| it.cpu_us)),
        ],
        saturated: (0, line.windows().len()),
    });
    report.lines.push(line);
    Ok(())
}
