//! Cleans and renders the files named on standard input, one per line, for `tests/images`.
//!
//! Writes the clean image to `NAME.kept`, and the squares of the upload and of the clean image to
//! `NAME.uploaded.png` and `NAME.rendered.png`, in a size that needs no scaling. Prints for each file
//! `taken`, or why it is not.

use std::{fs, io};

use bytes::Bytes;
use domain::{ImageError, ImageFormat, Size};

fn main() -> io::Result<()> {
    for path in io::stdin().lines() {
        let path = path?;
        match outcome(fs::read(&path)?.into()) {
            Ok(files) => {
                for (name, bytes) in ["kept", "uploaded.png", "rendered.png"].iter().zip(files) {
                    fs::write(format!("{path}.{name}"), bytes)?;
                }
                report(&path, "taken");
            }
            Err(error) => report(&path, &error.to_string()),
        }
    }
    Ok(())
}

fn outcome(bytes: Bytes) -> Result<[Bytes; 3], ImageError> {
    let kept = imaging::inspect(bytes.clone())?.clean()?.bytes;
    let (uploaded, rendered) = (square(bytes)?, square(kept.clone())?);
    Ok([kept, uploaded, rendered])
}

fn square(bytes: Bytes) -> Result<Bytes, ImageError> {
    let inspected = imaging::inspect(bytes)?;
    let shorter = inspected.width().min(inspected.height());
    let size = Size::new(shorter).expect("generated pictures are small");
    Ok(inspected.square(size)?.encode(ImageFormat::Png).bytes)
}

#[expect(clippy::print_stdout, reason = "the script reads it")]
fn report(path: &str, what: &str) {
    println!("{path}\t{what}");
}
