//! Frame headers (ITU T.81, B.2.2) and what colours they mean.

use domain::ImageError;

use crate::read::{self, OrUndecodable};

/// How samples make colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Grey,
    YCbCr,
    Rgb,
    /// Four inks, plain or as YCCK.
    Cmyk,
}

/// One component: its id, its sampling factors and the slot of its quantisation table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Component {
    pub(crate) id: u8,
    pub(crate) horizontal: u8,
    pub(crate) vertical: u8,
    pub(crate) quantisation: u8,
}

/// A frame header, with the colour transform of an Adobe segment where there is one.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) progressive: bool,
    pub(crate) components: Vec<Component>,
    pub(crate) adobe_transform: Option<u8>,
}

impl Frame {
    /// Reads the segment of a frame of Huffman-coded samples of 8 bits.
    pub(crate) fn parse(marker: u8, data: &[u8], adobe_transform: Option<u8>) -> Result<Self, ImageError> {
        let (&[precision, h1, h0, w1, w0, count], rest) =
            data.split_first_chunk().or_undecodable("the JPEG's frame header is too short")?;
        if precision != 8 {
            return Err(ImageError::Undecodable("only JPEGs with 8 bits a sample are accepted"));
        }
        if !matches!(count, 1 | 3 | 4) || rest.len() != usize::from(count) * 3 {
            return Err(ImageError::Undecodable("a JPEG must have 1, 3 or 4 components"));
        }
        let components: Vec<_> = rest
            .chunks_exact(3)
            .map(|spec| Component {
                id: spec[0],
                horizontal: spec[1] >> 4,
                vertical: spec[1] & 15,
                quantisation: spec[2],
            })
            .collect();
        if components.iter().any(|c| !matches!((c.horizontal, c.vertical), (1 | 2 | 4, 1 | 2 | 4))) {
            return Err(ImageError::Undecodable("the JPEG's sampling factors are not accepted"));
        }
        let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
        Ok(Self { width, height, progressive: marker == 0xc2, components, adobe_transform })
    }

    /// The colours of the components, as the decoder takes them.
    pub(crate) fn colour(&self) -> Colour {
        let ids: Vec<_> = self.components.iter().map(|component| component.id).collect();
        match ids.len() {
            1 => Colour::Grey,
            3 if self.adobe_transform == Some(0) || ids == *b"RGB" => Colour::Rgb,
            3 => Colour::YCbCr,
            _ => Colour::Cmyk,
        }
    }

    /// The largest sampling factors, horizontal and vertical.
    pub(crate) fn max_sampling(&self) -> (u8, u8) {
        let horizontal = self.components.iter().map(|component| component.horizontal).max();
        let vertical = self.components.iter().map(|component| component.vertical).max();
        (horizontal.unwrap_or(1), vertical.unwrap_or(1))
    }

    /// Whether some component has fewer samples than the picture has pixels.
    pub(crate) fn is_subsampled(&self) -> bool {
        self.components.len() > 1 && self.max_sampling() != (1, 1)
    }

    /// Whether luma alone can be decoded: the usual 4:4:4, 4:2:2 and 4:2:0.
    pub(crate) fn has_separable_luma(&self) -> bool {
        let [luma, chromas @ ..] = self.components.as_slice() else { return false };
        self.colour() == Colour::YCbCr
            && matches!((luma.horizontal, luma.vertical), (1 | 2, 1) | (2, 2))
            && chromas.iter().all(|chroma| (chroma.horizontal, chroma.vertical) == (1, 1))
    }
}

/// The colour transform of an Adobe segment (Adobe Technical Note 5116): 0, 1 (`YCbCr`) or 2 (`YCCK`).
pub(crate) fn adobe_transform(data: &[u8]) -> Option<u8> {
    if !data.starts_with(b"Adobe") {
        return None;
    }
    read::array::<1>(data, 11).map(|[transform]| transform)
}
