//! Full decodes with zune-jpeg, strict: damaged data is an error, not grey.

use domain::ImageError;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

use super::{colour::Colour, header::Header};
use crate::{
    limits::MAX_SIDE,
    pixels::{Layout, Pixels},
    read::OrUndecodable,
};

const DAMAGED: &str = "the JPEG's pixels are damaged or truncated";

/// Decodes and forgets. Luma alone where possible: every coefficient is still read, at a third of the memory.
pub(crate) fn prove(bytes: &[u8], header: &Header) -> Result<(), ImageError> {
    let space = if header.proof_samples() == 1 { ColorSpace::Luma } else { ColorSpace::RGB };
    decode_as(bytes, header, space).map(|_| ())
}

/// Decodes to what the encoder takes without conversion; four inks become RGB.
pub(crate) fn decode(bytes: &[u8], header: &Header) -> Result<Pixels, ImageError> {
    let (space, layout) = match header.frame.colour() {
        Colour::Grey => (ColorSpace::Luma, Layout::Luma),
        Colour::YCbCr => (ColorSpace::YCbCr, Layout::YCbCr),
        Colour::Rgb | Colour::Cmyk => (ColorSpace::RGB, Layout::Rgb),
    };
    let data = decode_as(bytes, header, space)?;
    Ok(Pixels { width: header.width, height: header.height, layout, sample_bytes: 1, data })
}

fn decode_as(bytes: &[u8], header: &Header, space: ColorSpace) -> Result<Vec<u8>, ImageError> {
    decode_with_profile(bytes, header, space).map(|(data, _)| data)
}

/// The pixels, and the colour profile as it stands there.
pub(crate) fn decode_with_profile(
    bytes: &[u8],
    header: &Header,
    space: ColorSpace,
) -> Result<(Vec<u8>, Option<Vec<u8>>), ImageError> {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(MAX_SIDE as usize)
        .set_max_height(MAX_SIDE as usize)
        .jpeg_set_out_colorspace(space);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().or_undecodable("the JPEG's tables are damaged")?;
    // What was announced to the caller, and what the decoder will allocate, must be the same.
    if decoder.dimensions() != Some((header.width as usize, header.height as usize)) {
        return Err(ImageError::Undecodable("the JPEG's sizes contradict each other"));
    }
    let bytes = header.width as usize * header.height as usize * space.num_components();
    let mut data = vec![0; bytes];
    decoder.decode_into(&mut data).or_undecodable(DAMAGED)?;
    Ok((data, decoder.icc_profile()))
}
