//! No bytes make `imaging` panic, and clean bytes stay the same when cleaned again, and can be rendered.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

/// Larger pictures only make runs slower, not different.
const MAX_WORKING_BYTES: u64 = 64 * 1024 * 1024;

fuzz_target!(|bytes: &[u8]| {
    let Ok(inspected) = imaging::inspect(Bytes::copy_from_slice(bytes)) else { return };
    if inspected.working_bytes().max(inspected.rendering_bytes(imaging::Size::MAX)) > MAX_WORKING_BYTES {
        return;
    }
    let Ok(image) = inspected.clean() else { return };
    let again = imaging::inspect(image.bytes.clone()).expect("clean bytes have a header").clean();
    assert_eq!(again.expect("clean bytes are clean").bytes, image.bytes);
    let size = imaging::Size::new(16).expect("16 is a valid size");
    let rendered = imaging::inspect(image.bytes).expect("clean bytes have a header").square(size);
    rendered.expect("clean bytes can be rendered");
});
