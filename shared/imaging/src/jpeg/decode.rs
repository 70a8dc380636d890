//! Decodes with libjpeg, strictly: its warnings, after which it would fill up with grey, are errors.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    ptr,
};

use domain::ImageError;
use mozjpeg::{ColorSpace, ColorSpaceExt, Decompress};
use mozjpeg_sys::{jpeg_common_struct, jpeg_error_mgr, msg_parm_union};

use super::{colour::Colour, header::Header, planes::Planes};
use crate::{
    pixels::{Layout, Pixels},
    read::OrUndecodable,
};

const DAMAGED: &str = "the JPEG's pixels are damaged or truncated";
const INCONSISTENT: &str = "the JPEG's dimensions are inconsistent";

/// Proves that a stripped JPEG can be decoded, without computing a pixel.
///
/// libjpeg starts: it checks frame, scan and tables. The codes of one sequential scan were read by
/// [`super::sequential`]; those of several scans, progressive or not, it reads now, as it keeps their
/// coefficients.
pub(crate) fn verify(bytes: &[u8], header: &Header) -> Result<(), ImageError> {
    strictly(|| {
        let mut decoder = open(bytes, header)?;
        decoder.scale(PROOF_SCALE);
        let colours = decoder.color_space();
        decoder.to_colorspace(colours).or_undecodable(DAMAGED).map(drop)
    })
}

/// In eighths: the less is allocated.
const PROOF_SCALE: u8 = 1;

/// Full scale in eighths.
pub(crate) const FULL_SCALE: u8 = 8;

/// Decodes to colours that the encoder accepts without conversion; four inks become RGB.
pub(crate) fn decode(bytes: &[u8], header: &Header) -> Result<Pixels, ImageError> {
    let (colours, layout) = match header.frame.colour() {
        Colour::Grey => (ColorSpace::JCS_GRAYSCALE, Layout::Luma),
        Colour::YCbCr => (ColorSpace::JCS_YCbCr, Layout::YCbCr),
        Colour::Rgb | Colour::Cmyk | Colour::Ycck => (ColorSpace::JCS_RGB, Layout::Rgb),
    };
    decode_as(bytes, header, FULL_SCALE, (colours, layout))
}

/// Decodes to planes of 4:2:0; only luma and chroma.
pub(crate) fn decode_planes(bytes: &[u8], header: &Header) -> Result<Planes, ImageError> {
    let mut planes = Planes::new(header.width, header.height);
    strictly(|| {
        let mut decoder = open(bytes, header)?;
        // Chroma is repeated, not blended, since it is reduced again.
        decoder.do_fancy_upsampling(false);
        rows(decoder, ColorSpace::JCS_YCbCr, |row| planes.add(row))
    })?;
    if planes.are_whole() { Ok(planes) } else { Err(ImageError::Undecodable(INCONSISTENT)) }
}

/// Decodes to `n` eighths of the sides, rounded up, and to the colours of a layout. Four inks can only become
/// RGB.
pub(crate) fn decode_as(
    bytes: &[u8],
    header: &Header,
    scale: u8,
    (colours, layout): (ColorSpace, Layout),
) -> Result<Pixels, ImageError> {
    let [width, height] = [header.width, header.height].map(|side| scaled(side, scale));
    let data = strictly(|| {
        let mut decoder = open(bytes, header)?;
        decoder.scale(scale);
        if header.frame.has_inks() {
            let mut data = Vec::with_capacity(width as usize * height as usize * 3);
            rows(decoder, ColorSpace::JCS_CMYK, |row| {
                data.extend(row.chunks_exact(4).flat_map(without_black));
            })?;
            return Ok(data);
        }
        let mut started = decoder.to_colorspace(colours).or_undecodable(DAMAGED)?;
        let data = started.read_scanlines().or_undecodable(DAMAGED)?;
        started.finish().or_undecodable(DAMAGED)?;
        Ok(data)
    })?;
    if data.len() != width as usize * height as usize * layout.samples() {
        return Err(ImageError::Undecodable(INCONSISTENT));
    }
    Ok(Pixels { width, height, layout, sample_bytes: 1, data })
}

/// A side scaled to `n` eighths, as libjpeg rounds it.
pub(crate) fn scaled(side: u32, scale: u8) -> u32 {
    (side * u32::from(scale)).div_ceil(u32::from(FULL_SCALE))
}

/// Four inks as RGB, as browsers show those without a profile. Files hold them inverted, as Adobe writes
/// them.
fn without_black(inks: &[u8]) -> [u8; 3] {
    let black = u16::from(inks[3]);
    [0, 1, 2].map(|ink| u8::try_from(u16::from(inks[ink]) * black / 255).expect("at most 255 * 255 / 255"))
}

fn open<'a>(bytes: &'a [u8], header: &Header) -> Result<Decompress<&'a [u8]>, ImageError> {
    let decoder = Decompress::with_err(errors()).from_mem(bytes).or_undecodable(DAMAGED)?;
    // The decoder must allocate what was announced to the caller.
    if decoder.size() != (header.width as usize, header.height as usize) {
        return Err(ImageError::Undecodable(INCONSISTENT));
    }
    Ok(decoder)
}

/// Passes each row to `take`, to the end of the file.
fn rows(
    decoder: Decompress<&[u8]>,
    colours: ColorSpace,
    mut take: impl FnMut(&[u8]),
) -> Result<(), ImageError> {
    let samples = colours.num_components();
    let mut started = decoder.to_colorspace(colours).or_undecodable(DAMAGED)?;
    let mut row = vec![0; started.width() * samples];
    for _ in 0..started.height() {
        take(started.read_scanlines_into(&mut row).or_undecodable(DAMAGED)?);
    }
    started.finish().or_undecodable(DAMAGED)
}

/// The payload that unwinds out of libjpeg, which has no other way to stop early.
struct Refusal;

/// Turns a [`Refusal`] into an error, and lets panics through.
fn strictly<T>(decode: impl FnOnce() -> Result<T, ImageError>) -> Result<T, ImageError> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|cause| match cause.downcast::<Refusal>() {
        Ok(_) => Err(ImageError::Undecodable(DAMAGED)),
        Err(panic) => resume_unwind(panic),
    })
}

fn errors() -> jpeg_error_mgr {
    jpeg_error_mgr {
        error_exit: Some(refuse),
        emit_message: Some(refuse_warnings),
        output_message: Some(ignore),
        format_message: None,
        reset_error_mgr: Some(ignore),
        msg_code: 0,
        msg_parm: msg_parm_union::default(),
        trace_level: 0,
        num_warnings: 0,
        jpeg_message_table: ptr::null(),
        last_jpeg_message: 0,
        addon_message_table: ptr::null(),
        first_addon_message: 0,
        last_addon_message: 0,
    }
}

extern "C-unwind" fn refuse(_: &mut jpeg_common_struct) {
    // Without the panic hook: nothing is wrong with the service.
    resume_unwind(Box::new(Refusal));
}

extern "C-unwind" fn refuse_warnings(common: &mut jpeg_common_struct, level: i32) {
    // Levels from 0 on are traces.
    if level < 0 {
        refuse(common);
    }
}

extern "C-unwind" fn ignore(_: &mut jpeg_common_struct) {}
