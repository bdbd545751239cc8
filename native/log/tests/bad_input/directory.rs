//! Directories that cannot be used, or not by us.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use foq_log::env::real::env;
use foq_log::{Error, Log, Options};

use crate::place::{
    Place, a_store, append, code, files, for_reading, holds, open, options, refused, skipped,
};

/// Tells the child which directory to open.
const DIRECTORY: &str = "FOQ_BAD_INPUT_DIRECTORY";
/// A user without rights.
const NOBODY: u32 = 65534;

/// Not a test of its own: run by others as another process, which opens a store and says how
/// that went.
#[test]
fn as_another_process_opens_what_it_is_told_to() {
    if let Some(dir) = std::env::var_os(DIRECTORY) {
        match open(Path::new(&dir), &options()) {
            Ok(_) => println!("\nopened: ok"),
            Err(error) => println!("\nopened: {} {error}", error.code()),
        }
    }
}

/// What another process, perhaps of another user, says when it opens `dir`.
fn another_process(dir: &Path, user: Option<u32>) -> Result<String, String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "directory::as_another_process_opens_what_it_is_told_to"]);
    command.arg("--nocapture").env(DIRECTORY, dir).current_dir("/");
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    let ran = command.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    let line = said.lines().find_map(|line| line.strip_prefix("opened: "));
    line.map(str::to_owned).ok_or(said)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|found| std::os::unix::fs::MetadataExt::uid(&found) == 0)
}

#[test]
fn a_directory_held_by_another_process_is_refused_with_its_pid() {
    let place = Place::new("held");
    a_store(&place.store(), 3);
    // Without threads of its own, so that nothing but the other process can change a file.
    let log = Log::open(&env(&place.store()).unwrap(), &options()).unwrap();
    let before = files(&place.store());
    let said = another_process(&place.store(), None).unwrap();
    assert_eq!(said, format!("FOQ_LOCKED locked by process {}", std::process::id()));
    assert!(files(&place.store()) == before, "nothing changed");
    drop(log);
    assert_eq!(another_process(&place.store(), None).unwrap(), "ok");
    holds(&place.store(), &options(), 3);
}

#[test]
fn a_directory_that_may_not_be_written_is_refused_by_name() {
    let name = "a_directory_that_may_not_be_written_is_refused_by_name";
    let place = Place::new("unwritable");
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let said = if is_root() {
        match another_process(&place.store(), Some(NOBODY)) {
            Ok(said) => said,
            Err(reason) => return skipped(name, &format!("no other user here: {reason}")),
        }
    } else {
        let error = open(&place.store(), &options()).err().unwrap();
        format!("{} {error}", error.code())
    };
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(said.starts_with("FOQ_UNAVAILABLE "), "{said}");
    assert!(said.contains(place.store().to_str().unwrap()), "{said}");
    assert!(!place.store().exists());
}

#[test]
fn a_store_of_another_user_is_refused_and_not_changed() {
    let name = "a_store_of_another_user_is_refused_and_not_changed";
    if !is_root() {
        return skipped(name, "needs root, to be two users");
    }
    let place = Place::new("foreign");
    a_store(&place.store(), 3);
    let before = files(&place.store());
    match another_process(&place.store(), Some(NOBODY)) {
        Ok(said) => assert!(said.starts_with("FOQ_UNAVAILABLE "), "{said}"),
        Err(reason) => return skipped(name, &format!("no other user here: {reason}")),
    }
    assert!(files(&place.store()) == before, "nothing changed");
    holds(&place.store(), &options(), 3);
}

#[test]
fn a_read_only_mount_is_read_and_not_written() {
    let place = match Place::mounted("read-only", 1 << 20) {
        Ok(place) => place,
        Err(reason) => return skipped("a_read_only_mount_is_read_and_not_written", &reason),
    };
    a_store(&place.store(), 3);
    place.remount_read_only();
    let error = open(&place.store(), &options()).err().unwrap();
    assert_eq!(error.code(), "FOQ_UNAVAILABLE", "{error}");
    let store = open(&place.store(), &for_reading()).unwrap();
    let other = open(&place.store(), &for_reading()).unwrap();
    drop((store, other));
    holds(&place.store(), &for_reading(), 3);
}

#[test]
fn a_missing_parent_is_named_and_not_made() {
    let place = Place::new("parent");
    let error = open(&place.path().join("no/store"), &options()).err().unwrap();
    assert_eq!(error.code(), "FOQ_UNAVAILABLE", "{error}");
    assert!(error.to_string().contains("no/store"), "{error}");
    assert!(!place.path().join("no").exists());
}

#[test]
fn a_missing_store_is_not_made_unless_asked_for() {
    let place = Place::new("missing");
    for options in [Options { create: false, ..options() }, for_reading()] {
        let error = open(&place.store(), &options).err().unwrap();
        assert_eq!(error.code(), "FOQ_UNAVAILABLE", "{error}");
        assert!(!place.store().exists());
    }
}

#[test]
fn a_file_in_the_place_of_the_directory_is_refused() {
    let place = Place::new("file");
    fs::write(place.store(), "mine").unwrap();
    let error = open(&place.store(), &options()).err().unwrap();
    assert_eq!(error.code(), "FOQ_UNAVAILABLE", "{error}");
    assert_eq!(fs::read(place.store()).unwrap(), b"mine");
}

#[test]
fn options_beyond_their_limits_are_refused_before_anything_is_made() {
    let place = Place::new("options");
    let too_small = Options { journal_file_bytes: 4096, ..options() };
    let error = open(&place.store(), &too_small).err().unwrap();
    assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
    assert!(!place.store().exists());
}

#[test]
fn a_store_half_made_is_made_whole() {
    let place = Place::new("half-made");
    a_store(&place.store(), 0);
    // What a crash leaves before the manifests say that the store is ready.
    fs::remove_file(place.store().join("MANIFEST-A")).unwrap();
    fs::remove_file(place.store().join("MANIFEST-B")).unwrap();
    fs::remove_dir_all(place.store().join("journal")).unwrap();
    let store = open(&place.store(), &options()).unwrap();
    assert_eq!(code(&append(&store, b"a")), "ok");
}

#[test]
fn a_journal_without_its_manifests_is_not_taken_for_a_new_store() {
    let place = Place::new("no-manifest");
    a_store(&place.store(), 3);
    let manifests = ["MANIFEST-A", "MANIFEST-B"].map(|name| {
        let path = place.store().join(name);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        (path, bytes)
    });
    let before = files(&place.store());
    assert_eq!(open(&place.store(), &options()).err().unwrap().code(), "FOQ_CORRUPT");
    assert!(files(&place.store()) == before, "nothing changed");
    for (path, bytes) in manifests {
        fs::write(path, bytes).unwrap();
    }
    holds(&place.store(), &options(), 3);
}

#[test]
fn a_newer_format_of_either_manifest_is_refused() {
    for name in ["MANIFEST-A", "MANIFEST-B"] {
        let place = Place::new("newer-manifest");
        a_store(&place.store(), 3);
        let old = crate::damage::make_newer(&place.store().join(name));
        let error = refused(&place.store(), "FOQ_VERSION");
        assert!(error.to_string().contains("newer than"), "{error}");
        fs::write(place.store().join(name), old).unwrap();
        holds(&place.store(), &options(), 3);
    }
}
