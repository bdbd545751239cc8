//! Bytes that no writer made, under checksums that verify: they are refused or read, never a panic.

use super::super::block::{Block, BlockBuilder};
use super::super::directory::{BlockPlace, Directory};
use super::super::filter::Filter;
use super::*;

/// Changes some bytes, mostly to numbers that are nearly right, or the length.
fn spoil(dice: &mut Dice, bytes: &mut Vec<u8>) {
    for _ in 0..=dice.below(3) {
        let at = usize::try_from(dice.below(bytes.len() as u64)).unwrap();
        match dice.below(4) {
            0 => bytes.truncate(at),
            1 => bytes.push(0),
            2 => bytes.iter_mut().skip(at).take(4).for_each(|byte| *byte = 0xff),
            _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = byte.wrapping_add(1)),
        }
    }
}

#[test]
fn a_spoilt_block_is_refused_or_its_rows_lie_inside_it() {
    let (mut taken, mut refused) = (0, 0);
    for seed in 0..20_000 {
        let mut dice = Dice::new(seed);
        let (mut builder, mut bytes) = (BlockBuilder::default(), Vec::new());
        for key in 0..=u8::try_from(dice.below(5)).unwrap() {
            let value = vec![1; usize::try_from(dice.below(9)).unwrap()];
            builder.add(&[key; 16], &value, &mut bytes);
        }
        builder.finish(&mut bytes);
        spoil(&mut dice, &mut bytes);
        let size = bytes.len();
        let Some(block) = Block::decode(bytes, 16) else {
            refused += 1;
            continue;
        };
        taken += 1;
        for row in 0..block.row_count() {
            assert_eq!(block.key(row).len(), 16, "seed {seed}");
            let value = block.value_range(row);
            assert!(value.end <= size, "seed {seed}");
            assert_eq!(block.slice(value.clone()).len(), value.len(), "seed {seed}");
        }
        let place = block.find(&[3; 16]).unwrap_or_else(|row| row);
        assert!(place <= block.row_count(), "seed {seed}");
        assert!(block.key(block.row_count()).is_empty());
    }
    assert!(taken > 1_000 && refused > 1_000, "{taken} taken, {refused} refused");
}

#[test]
fn a_spoilt_directory_is_refused_or_its_blocks_lie_inside_the_file() {
    let (mut taken, mut refused) = (0, 0);
    for seed in 0..20_000 {
        let mut dice = Dice::new(seed);
        let mut bytes = Vec::new();
        let mut end = 0;
        for key in 0..=u8::try_from(dice.below(5)).unwrap() {
            let place = BlockPlace { byte_offset: end, bytes: 100 + u32::from(key), crc: 7 };
            place.encode(&[key; 16], &mut bytes);
            end = place.end();
        }
        spoil(&mut dice, &mut bytes);
        let Some(directory) = Directory::decode(bytes, 16, end) else {
            refused += 1;
            continue;
        };
        taken += 1;
        for number in 0..directory.count() {
            assert!(directory.place(number).unwrap().end() <= end, "seed {seed}");
        }
        assert!(directory.find(&[9; 16]) <= directory.count());
        assert_eq!(directory.place(directory.count()), None);
    }
    assert!(taken > 1_000 && refused > 1_000, "{taken} taken, {refused} refused");
}

#[test]
fn a_filter_of_an_impossible_size_is_refused() {
    for size in [0, 1, 63, 65, 100] {
        assert!(Filter::decode(vec![0; size]).is_none(), "{size}");
    }
    assert!(Filter::decode(vec![0xff; 128]).unwrap().may_contain(&[1; 16]));
    assert!(!Filter::decode(vec![0; 128]).unwrap().may_contain(&[1; 16]));
}
