//! Generated pictures depend only on kind and hash, and never change: clients and caches hold them.

use std::collections::HashSet;

use domain::{Digest, ImageFormat};
use imaging::{Generated, Initials, Size, Square};

use crate::open;

fn size(pixels: u32) -> Size {
    Size::new(pixels).unwrap()
}

fn initials(name: &str) -> Generated {
    Generated::Initials(Initials::of(name).unwrap())
}

fn every_kind() -> [Generated; 6] {
    [
        Generated::Identicon,
        Generated::Retro,
        initials("Ada Lovelace"),
        initials("Щука"),
        Generated::Person,
        Generated::Blank,
    ]
}

/// The first digits of the digest of the pixels.
fn digest(square: &Square) -> String {
    Digest::of(square.rgba()).to_string()[..12].to_owned()
}

#[test]
fn the_pictures_never_change() {
    let hash = [7; 32];
    let digests =
        every_kind().map(|kind| [16, 80, 512].map(|pixels| digest(&kind.draw(&hash, size(pixels)))));
    assert_eq!(digests, GOLDEN);
}

/// At 16, 80 and 512 pixels.
const GOLDEN: [[&str; 3]; 6] = [
    ["ade35419e2ef", "395aa3af63c6", "c7891f8c7bcc"],
    ["4eeb981de2b6", "0a44b3d5d4de", "4edeab58aa6f"],
    ["c421bda7d44c", "88ab103e76c3", "a641b879db6e"],
    ["1dd972f178c9", "a5c8c5c3a4db", "a0151b0b49c9"],
    ["16241e6aca27", "635a32644af5", "60455e12989e"],
    ["5f70bf18a086", "c65206769723", "30e14955ebf1"],
];

#[test]
fn every_size_is_drawn_and_encoded() {
    for kind in every_kind() {
        for pixels in (1..=9).chain([80, 511, 512]) {
            let square = kind.draw(b"hash", size(pixels));
            assert_eq!(square.size().pixels(), pixels);
            assert_eq!(square.is_transparent(), kind == Generated::Blank);
            for format in ImageFormat::ALL {
                let shown = open(&square.encode(format));
                assert_eq!((shown.width(), shown.height()), (pixels, pixels), "{kind:?} {format:?}");
            }
        }
    }
}

#[test]
fn patterns_are_mirrored() {
    for kind in [Generated::Identicon, Generated::Retro, Generated::Person] {
        for pixels in [2, 7, 80, 333] {
            let square = kind.draw(b"hash", size(pixels));
            for row in square.rgba().chunks_exact(pixels as usize * 4) {
                let mirrored: Vec<_> = row.rchunks_exact(4).flatten().copied().collect();
                assert_eq!(row, mirrored, "{kind:?} at {pixels}");
            }
        }
    }
}

#[test]
fn different_hashes_give_different_pictures() {
    for kind in [Generated::Identicon, Generated::Retro] {
        let seen: HashSet<_> =
            (0..500_u32).map(|hash| digest(&kind.draw(&hash.to_be_bytes(), size(20)))).collect();
        assert_eq!(seen.len(), 500, "{kind:?}");
    }
    let colours: HashSet<_> =
        (0..100_u8).map(|hash| initials("A").draw(&[hash], size(9)).rgba()[..3].to_vec()).collect();
    assert!(colours.len() > 60, "{} colours", colours.len());
}

#[test]
fn initials_depend_on_the_letters_and_are_legible_on_every_colour() {
    let drawn = |name| digest(&initials(name).draw(b"hash", size(80)));
    assert_eq!(drawn("Ada Lovelace"), drawn("Anna de Luca"));
    assert_ne!(drawn("Ada Lovelace"), drawn("Ada Byron"));
    for hash in 0..=255_u8 {
        let square = initials("I").draw(&[hash], size(80));
        let [r, g, b] = [0, 1, 2].map(|sample| (f64::from(square.rgba()[sample]) / 255.0).powf(2.2));
        // Contrast by WCAG 2.2; 3 is the minimum for large letters.
        let contrast = 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05);
        assert!(contrast > 3.0, "{contrast:.2}");
    }
}

#[test]
fn person_and_blank_do_not_depend_on_the_hash() {
    for kind in [Generated::Person, Generated::Blank] {
        assert_eq!(kind.draw(b"one", size(80)).rgba(), kind.draw(b"other", size(80)).rgba());
    }
    assert!(Generated::Blank.draw(b"", size(3)).rgba().iter().all(|sample| *sample == 0));
}
