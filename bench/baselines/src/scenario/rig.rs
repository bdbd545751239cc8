//! Both sides of every comparison, ready to be driven in turn.
//!
//! A side is a subject in a folder of its own. A subject that has written [`REOPEN_BYTES`] is
//! replaced by a new one between rounds, so that disk and memory in use stay bounded however many
//! rounds run; space that a window will need is prepared before it.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use crate::files::Scratch;
use crate::group_committer::GroupCommitterOpener;
use crate::load::{Load, Pace, Window, drive};
use crate::numbers::{real, whole};
use crate::raw::{Device, Stream};
use crate::scenario::{KIBIBYTE, Settings};
use crate::subject::{Opener, Subject};

/// A subject is replaced after this many bytes.
pub const REOPEN_BYTES: u64 = 4 << 30;
/// Payload bytes in flight when a maximum is measured.
const IN_FLIGHT_BYTES: u64 = 8 << 20;
/// Bytes a second that a device is taken to write before it has shown more.
const FASTEST_BYTES: f64 = 1e9;
/// Space made ready per byte expected.
const ROOM_MARGIN: f64 = 1.2;
/// The rate is flat when the last three windows lie within this share of each other.
const FLAT_SHARE: f64 = 0.10;
/// Windows that a warm-up takes at most.
const WARM_UP_WINDOWS: usize = 24;

/// Everything a target needs.
pub struct Rig<'a> {
    /// What was asked for.
    pub settings: &'a Settings,
    /// Folder of R0's files and of the device's file.
    pub scratch: Scratch,
    /// R1 and the raw single sync.
    pub device: Device,
    /// R2 with one round in flight.
    pub one: Side<'a>,
    /// R2 with two.
    pub two: Side<'a>,
    /// What is measured.
    pub log: Side<'a>,
}

impl<'a> Rig<'a> {
    /// Prepares files and opens both baselines and the subject.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn set_up(settings: &'a Settings, subject: Rc<dyn Opener>) -> io::Result<Self> {
        let file_bytes = settings.sizes.file_bytes;
        let bare = |in_flight| Rc::new(GroupCommitterOpener { in_flight, file_bytes });
        let scratch = Scratch::create(&settings.folder)?;
        let device = Device::create(scratch.path(), settings.sizes.device_bytes)?;
        Ok(Self {
            device,
            scratch,
            one: Side::open(settings, bare(1))?,
            two: Side::open(settings, bare(2))?,
            log: Side::open(settings, subject)?,
            settings,
        })
    }

    /// R1 as a round holds it: the better of 1 MiB with one and with two in flight, bytes a second.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn device_rate(&self) -> io::Result<f64> {
        let one = self.device.stream(Stream::mebibyte(1), self.settings.window)?;
        Ok(one.max(self.device.stream(Stream::mebibyte(2), self.settings.window)?))
    }

    /// Drives the subject at its maximum until its rate is flat and it has crossed ten files.
    /// Returns the rates seen, records per second.
    ///
    /// # Errors
    /// When the subject fails.
    pub fn warm_up(&mut self) -> io::Result<Vec<f64>> {
        let window = self.settings.window;
        let sizes = &self.settings.sizes;
        let enough = sizes.file_bytes * sizes.warm_up_files;
        let mut rates = Vec::new();
        while rates.len() < WARM_UP_WINDOWS {
            self.log.make_room(1, window, 1.0)?;
            rates.push(self.log.maximum(KIBIBYTE, window)?.rate);
            self.one.maximum(KIBIBYTE, window / 2)?;
            self.two.maximum(KIBIBYTE, window / 2)?;
            if self.log.written_bytes() >= enough && rates.last_chunk::<3>().is_some_and(is_flat) {
                break;
            }
        }
        Ok(rates)
    }
}

fn is_flat(rates: &[f64; 3]) -> bool {
    let most = rates.iter().fold(0.0_f64, |most, &rate| most.max(rate));
    let least = rates.iter().fold(f64::INFINITY, |least, &rate| least.min(rate));
    least >= most * (1.0 - FLAT_SHARE)
}

/// One subject, replaced by a fresh one when it has written enough.
pub struct Side<'a> {
    opener: Rc<dyn Opener>,
    settings: &'a Settings,
    open: Option<Open>,
    written_before: u64,
    windows: u64,
    /// Most bytes written in a second so far, or what a fast device may show at first.
    fastest_bytes: f64,
}

struct Open {
    // Dropped before its folder is removed.
    subject: Box<dyn Subject>,
    next_ticket: u64,
    _folder: Scratch,
}

impl<'a> Side<'a> {
    fn open(settings: &'a Settings, opener: Rc<dyn Opener>) -> io::Result<Self> {
        let mut side = Self {
            opener,
            settings,
            open: None,
            written_before: 0,
            windows: 0,
            fastest_bytes: FASTEST_BYTES,
        };
        side.reopen()?;
        Ok(side)
    }

    /// What stands in reports.
    #[must_use]
    pub fn name(&self) -> &str {
        self.opener.name()
    }

    /// Makes ready for windows that write at this share of the fastest rate seen, lead-ins included;
    /// a subject that has written enough is replaced first.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn make_room(&mut self, windows: u32, window: Duration, share: f64) -> io::Result<()> {
        let worn = self.open.as_ref().is_none_or(|it| it.subject.written().bytes >= REOPEN_BYTES);
        if worn {
            self.reopen()?;
        }
        let seconds = ((window + self.settings.sizes.lead_in) * windows).as_secs_f64();
        let bytes = self.fastest_bytes * share * seconds * ROOM_MARGIN;
        self.current()?.subject.prepare(whole(bytes))
    }

    /// Drives the subject through one window.
    ///
    /// # Errors
    /// When the subject fails.
    pub fn drive(&mut self, payload: u64, pace: Pace, window: Duration) -> io::Result<Window> {
        self.windows += 1;
        let load = Load {
            payload_bytes: payload,
            chats: self.settings.chats,
            pace,
            lead_in: self.settings.sizes.lead_in,
            window,
            seed: self.windows,
        };
        let open = self.current()?;
        let window = drive(open.subject.as_mut(), &mut open.next_ticket, &load)?;
        let bytes = window.rate * real(payload) * window.amplification;
        self.fastest_bytes = self.fastest_bytes.max(bytes);
        Ok(window)
    }

    /// Drives the subject at its maximum: a closed loop with many bytes in flight.
    ///
    /// # Errors
    /// When the subject fails.
    pub fn maximum(&mut self, payload: u64, window: Duration) -> io::Result<Window> {
        self.drive(payload, Pace::InFlight(IN_FLIGHT_BYTES), window)
    }

    fn written_bytes(&self) -> u64 {
        let now = self.open.as_ref().map_or(0, |open| open.subject.written().bytes);
        self.written_before + now
    }

    fn current(&mut self) -> io::Result<&mut Open> {
        self.open.as_mut().ok_or_else(|| io::Error::other("no subject is open"))
    }

    /// Replaces the subject, and lets every chat be known to the new one before anything counts.
    fn reopen(&mut self) -> io::Result<()> {
        self.written_before = self.written_bytes();
        self.open = None;
        let folder = Scratch::create(&self.settings.folder)?;
        let subject = self.opener.open(folder.path())?;
        self.open = Some(Open { subject, next_ticket: 0, _folder: folder });
        self.touch_chats()
    }

    fn touch_chats(&mut self) -> io::Result<()> {
        let chats: Vec<u32> = (0..self.settings.chats).collect();
        let open = self.current()?;
        let mut runs = Vec::new();
        let mut durable = 0;
        while durable < chats.len() as u64 {
            let rest = chats.get(crate::numbers::index(open.next_ticket)..).unwrap_or_default();
            let slice = rest.get(..rest.len().min(512)).unwrap_or_default();
            open.next_ticket += open.subject.submit(&[0x11; 64], slice)? as u64;
            open.subject.completions(&mut runs)?;
            durable += runs.drain(..).map(|run| run.count).sum::<u64>();
            if slice.is_empty() {
                open.subject.wait(Duration::from_millis(1));
            }
        }
        Ok(())
    }
}
