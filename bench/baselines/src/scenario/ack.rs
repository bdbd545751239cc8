//! Targets 4 and 5: time to the ack at a share of the subject's own maximum, against R2 on the
//! same schedule. The maximum is measured anew in every round, because the device drifts. A round
//! with a saturated window is left out of the ratio, which stands beside it with all rounds in.

use std::io;
use std::time::Duration;

use crate::latency::{Latency, Percentiles};
use crate::load::Pace;
use crate::numbers::ratio;
use crate::scenario::KIBIBYTE;
use crate::scenario::report::{Line, Report, Row};
use crate::scenario::rig::{Rig, Side};
use crate::statistics::{Estimate, mean, median};

struct Plan {
    target: u8,
    share: f64,
    window: Duration,
    rounds: u32,
    figure_name: &'static str,
    figure: fn(&Percentiles) -> f64,
    must: f64,
    aim: f64,
}

/// Measures target 4: the median ack at half of the maximum.
///
/// # Errors
/// When the disk or the subject fails.
pub fn median_at_half_load(rig: &mut Rig<'_>, report: &mut Report) -> io::Result<()> {
    let plan = Plan {
        target: 4,
        share: 0.5,
        window: rig.settings.window * 2,
        rounds: rig.settings.rounds,
        figure_name: "ack p50",
        figure: |ack| ack.p50,
        must: 1.4,
        aim: 1.15,
    };
    measure(rig, report, &plan)
}

/// Measures target 5: the 99th percentile at 70 % of the maximum, in long windows.
///
/// # Errors
/// When the disk or the subject fails.
pub fn tail_at_high_load(rig: &mut Rig<'_>, report: &mut Report) -> io::Result<()> {
    let plan = Plan {
        target: 5,
        share: 0.7,
        window: rig.settings.long_window,
        rounds: rig.settings.long_rounds,
        figure_name: "ack p99",
        figure: |ack| ack.p99,
        must: 1.6,
        aim: 1.1,
    };
    measure(rig, report, &plan)
}

fn measure(rig: &mut Rig<'_>, report: &mut Report, plan: &Plan) -> io::Result<()> {
    let percent = plan.share * 100.0;
    let line = |side: &Side<'_>| Line::new(plan.target, format!("{}, {percent} %", side.name()));
    let (mut one, mut two, mut log) = (line(&rig.one), line(&rig.two), line(&rig.log));
    let (mut ratios, mut clean, mut maxima) = (Vec::new(), Vec::new(), Vec::new());
    let mut marked_before = 0;
    for _ in 0..plan.rounds {
        let short = rig.settings.window;
        rig.log.make_room(1, short, 1.0)?;
        let maximum = rig.log.maximum(KIBIBYTE, short)?.rate;
        maxima.push(maximum);
        let rate = maximum * plan.share;
        rig.log.make_room(2, plan.window, plan.share)?;
        let drive = |side: &mut Side<'_>, line: &mut Line| -> io::Result<Latency> {
            let window = side.drive(KIBIBYTE, Pace::Rate(rate), plan.window)?;
            let latency = window.latency.clone();
            line.add(window);
            Ok(latency)
        };
        let (a, b) = (drive(&mut rig.one, &mut one)?, drive(&mut rig.two, &mut two)?);
        let (c, d) = (drive(&mut rig.log, &mut log)?, drive(&mut rig.log, &mut log)?);
        let (e, f) = (drive(&mut rig.two, &mut two)?, drive(&mut rig.one, &mut one)?);
        let marked = one.saturated() + two.saturated() + log.saturated();
        let of = |pair: [&Latency; 2]| (plan.figure)(&both(pair));
        let value = ratio(of([&c, &d]), of([&a, &f]).min(of([&b, &e])));
        ratios.push(value);
        if marked == marked_before {
            clean.push(value);
        }
        marked_before = marked;
    }
    let ack = |line: &Line| (plan.figure)(&line.percentiles());
    report.rows.push(Row {
        target: plan.target,
        title: format!("{} at {percent} % of own maximum, 1 KiB / R2", plan.figure_name),
        value: Estimate::of(if clean.is_empty() { &ratios } else { &clean }),
        must: plan.must,
        aim: plan.aim,
        more_is_better: false,
        beside: vec![
            (format!("{} ms", plan.figure_name), ack(&log)),
            ("R2 x 1 ms".to_owned(), ack(&one)),
            ("R2 x 2 ms".to_owned(), ack(&two)),
            ("with saturated rounds".to_owned(), median(&ratios)),
            ("own maximum/s".to_owned(), mean(&maxima)),
            ("cpu us/append".to_owned(), log.mean(|it| it.cpu_us)),
        ],
        saturated: (ratios.len() - clean.len(), ratios.len()),
    });
    report.lines.extend([one, two, log]);
    Ok(())
}

fn both(pair: [&Latency; 2]) -> Percentiles {
    let mut all = Latency::new();
    pair.into_iter().for_each(|one| all.merge(one));
    all.percentiles()
}
