//! Targets 1 to 3: how much of the device the log turns into durable appends.

use std::io;

use crate::group_committer::HEADER_BYTES;
use crate::load::{Pace, Window};
use crate::numbers::{ratio, real};
use crate::raw::growing;
use crate::scenario::report::{Line, Report, Row};
use crate::scenario::rig::Rig;
use crate::scenario::{KIBIBYTE, SMALL};
use crate::statistics::{Estimate, mean, median};

/// Journal bytes offered in target 1, as shares of what the device has just shown.
const OFFERED: [f64; 4] = [0.75, 0.82, 0.88, 0.94];
/// Write amplification that target 1 gives credit for, at most.
const AMPLIFICATION_MAX: f64 = 1.1;
/// The ack p99 that a rate must keep to count in target 1.
const P99_MS_MAX: f64 = 25.0;
/// Share of windows that must keep it.
const WITHIN_MIN: f64 = 0.8;

/// One offered rate of target 1 and what its rounds gave.
struct Offer {
    share: f64,
    line: Line,
    of_device: Vec<f64>,
    payload_of_device: Vec<f64>,
}

impl Offer {
    fn within(&self) -> f64 {
        let windows = self.line.windows();
        let kept = windows.iter().filter(|it| !it.saturated && p99(it) <= P99_MS_MAX).count();
        ratio(real(kept as u64), real(windows.len() as u64))
    }

    fn counts(&self) -> bool {
        let tails: Vec<f64> = self.line.windows().iter().map(p99).collect();
        self.within() >= WITHIN_MIN && median(&tails) <= P99_MS_MAX
    }
}

fn p99(window: &Window) -> f64 {
    window.latency.percentiles().p99
}

/// Measures target 1: durable 1 KiB appends, open loop, as a share of the device.
///
/// # Errors
/// When the disk or the subject fails.
pub fn share_of_device(rig: &mut Rig<'_>, report: &mut Report) -> io::Result<()> {
    let name = rig.log.name().to_owned();
    let offer = |share: f64| Offer {
        share,
        line: Line::new(1, format!("{name}, open loop, {:.0} % of R1", share * 100.0)),
        of_device: Vec::new(),
        payload_of_device: Vec::new(),
    };
    let mut offers = OFFERED.map(offer);
    let mut device_rates = Vec::new();
    for round in 0..rig.settings.rounds {
        // Every other round goes through the rates backwards, so that drift favours none.
        if round > 0 {
            offers.reverse();
        }
        device_rates.push(offer_all(rig, &mut offers)?);
    }
    offers.sort_by(|a, b| a.share.total_cmp(&b.share));
    let best = offers.iter().rev().find(|offer| offer.counts()).or_else(|| offers.first());
    if let Some(best) = best {
        report.rows.push(row_of_offer(best, &device_rates));
    }
    report.lines.extend(offers.into_iter().map(|offer| offer.line));
    Ok(())
}

/// One round: the device, every offered rate, the device. Returns R1 in bytes per second.
fn offer_all(rig: &mut Rig<'_>, offers: &mut [Offer]) -> io::Result<f64> {
    let window = rig.settings.window;
    rig.log.make_room(5, window, 1.0)?;
    let record_bytes = real(KIBIBYTE) * rig.log.maximum(KIBIBYTE, window / 2)?.amplification;
    let before = rig.device_rate()?;
    let mut seen = Vec::new();
    for offer in offers.iter_mut() {
        let rate = Pace::Rate(ratio(before * offer.share, record_bytes));
        let window = rig.log.drive(KIBIBYTE, rate, window)?;
        seen.push((window.rate * real(KIBIBYTE), window.amplification.min(AMPLIFICATION_MAX)));
        offer.line.add(window);
    }
    let device = mean(&[before, rig.device_rate()?]);
    for (offer, (payload, amplification)) in offers.iter_mut().zip(seen) {
        offer.of_device.push(ratio(payload * amplification, device));
        offer.payload_of_device.push(ratio(payload, device));
    }
    Ok(device)
}

fn row_of_offer(best: &Offer, device_rates: &[f64]) -> Row {
    let offered = best.share * 100.0;
    let kept = best.within() * 100.0;
    let what = if best.counts() { "offered" } else { "offered: p99 over 25 ms" };
    Row {
        target: 1,
        title: format!("1 KiB appends, open loop, bytes / R1, {offered:.0} % {what}"),
        // A rate that did not keep its tail is no result.
        value: if best.counts() { Estimate::of(&best.of_device) } else { Estimate::default() },
        must: 0.80,
        aim: 0.90,
        more_is_better: true,
        beside: vec![
            ("payload/R1".to_owned(), median(&best.payload_of_device)),
            ("R1 MB/s".to_owned(), median(device_rates) / 1e6),
            ("appends/s".to_owned(), best.line.mean(|it| it.rate)),
            ("ack p99 ms".to_owned(), best.line.percentiles().p99),
            ("% of windows with p99 <= 25 ms".to_owned(), kept),
            ("cpu us/append".to_owned(), best.line.mean(|it| it.cpu_us)),
        ],
        saturated: (best.line.saturated(), best.line.windows().len()),
    }
}

/// Measures target 2: durable 1 KiB appends against one record per sync.
///
/// # Errors
/// When the disk or the subject fails.
pub fn against_single_syncs(rig: &mut Rig<'_>, report: &mut Report) -> io::Result<()> {
    let window = rig.settings.window;
    let record_bytes = KIBIBYTE + HEADER_BYTES as u64;
    let mut line = Line::new(2, format!("{}, maximum, 1 KiB", rig.log.name()));
    let (mut gains, mut reachable, mut singles) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rig.settings.rounds {
        rig.log.make_room(2, window, 1.0)?;
        let r0 = growing(rig.scratch.path(), record_bytes, window)?;
        let r1 = rig.device_rate()?;
        let first = line.add(rig.log.maximum(KIBIBYTE, window)?);
        let second = line.add(rig.log.maximum(KIBIBYTE, window)?);
        let r1 = mean(&[r1, rig.device_rate()?]);
        let r0 = mean(&[r0, growing(rig.scratch.path(), record_bytes, window)?]);
        gains.push(ratio(mean(&[first, second]), r0));
        reachable.push(0.7 * ratio(r1 / real(record_bytes), r0));
        singles.push(r0);
    }
    report.rows.push(Row {
        target: 2,
        title: "1 KiB appends/s / R0 (one record per fdatasync)".to_owned(),
        value: Estimate::of(&gains),
        must: median(&reachable).min(150.0),
        aim: 250.0,
        more_is_better: true,
        beside: vec![
            ("appends/s".to_owned(), line.mean(|it| it.rate)),
            ("R0/s".to_owned(), median(&singles)),
            ("0.7 R1/R0".to_owned(), median(&reachable)),
            ("cpu us/append".to_owned(), line.mean(|it| it.cpu_us)),
        ],
        saturated: (0, line.windows().len()),
    });
    report.lines.push(line);
    Ok(())
}

/// Measures target 3: durable 128 B appends against the better of both bare committers.
///
/// # Errors
/// When the disk or the subject fails.
pub fn against_group_committer(rig: &mut Rig<'_>, report: &mut Report) -> io::Result<()> {
    let window = rig.settings.window;
    let line = |name: &str| Line::new(3, format!("{name}, maximum, 128 B"));
    let (mut one, mut two) = (line(rig.one.name()), line(rig.two.name()));
    let mut log = line(rig.log.name());
    let mut ratios = Vec::new();
    for _ in 0..rig.settings.rounds {
        rig.log.make_room(2, window, 1.0)?;
        let a = one.add(rig.one.maximum(SMALL, window)?);
        let b = two.add(rig.two.maximum(SMALL, window)?);
        let c = log.add(rig.log.maximum(SMALL, window)?);
        let d = log.add(rig.log.maximum(SMALL, window)?);
        let b = mean(&[b, two.add(rig.two.maximum(SMALL, window)?)]);
        let a = mean(&[a, one.add(rig.one.maximum(SMALL, window)?)]);
        ratios.push(ratio(mean(&[c, d]), a.max(b)));
    }
    report.rows.push(Row {
        target: 3,
        title: "128 B appends/s / R2 (bare group committer, better depth)".to_owned(),
        value: Estimate::of(&ratios),
        must: 0.6,
        aim: 0.85,
        more_is_better: true,
        beside: vec![
            ("appends/s".to_owned(), log.mean(|it| it.rate)),
            ("R2 x 1/s".to_owned(), one.mean(|it| it.rate)),
            ("R2 x 2/s".to_owned(), two.mean(|it| it.rate)),
            ("cpu us/append".to_owned(), log.mean(|it| it.cpu_us)),
            ("R2 x 1 cpu us".to_owned(), one.mean(|it| it.cpu_us)),
        ],
        saturated: (0, log.windows().len()),
    });
    report.lines.extend([one, two, log]);
    Ok(())
}
