//! Frame headers (ITU T.81, B.2.2) and the colours they mean.

use domain::ImageError;

use crate::read::{self, OrUndecodable};

/// How samples make colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Grey,
    YCbCr,
    Rgb,
    /// Four inks.
    Cmyk,
    /// Four inks, of which three are coded as luma and two chromas.
    Ycck,
}

/// One component: its sampling factors and the slot of its quantisation table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Component {
    /// The index in the frame.
    pub(crate) index: usize,
    /// As in the file; some files repeat ids.
    pub(crate) id: u8,
    /// As it is kept.
    pub(crate) kept_id: u8,
    pub(crate) horizontal: u8,
    pub(crate) vertical: u8,
    pub(crate) quantisation: u8,
}

/// The colours that application segments declare.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Markers {
    /// Whether there is a JFIF segment.
    pub(crate) jfif: bool,
    /// The colour transform of an Adobe segment.
    pub(crate) adobe_transform: Option<u8>,
}

/// A frame header, with the markers that determine its colours.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) width: u16,
    pub(crate) height: u16,
    marker: u8,
    pub(crate) components: Vec<Component>,
    markers: Markers,
}

impl Frame {
    /// Reads the segment of a frame of Huffman-coded samples of 8 bits.
    pub(crate) fn parse(marker: u8, data: &[u8], markers: Markers) -> Result<Self, ImageError> {
        let (&[precision, h1, h0, w1, w0, count], rest) =
            data.split_first_chunk().or_undecodable("the JPEG's frame header is too short")?;
        if precision != 8 {
            return Err(ImageError::Undecodable("only JPEGs with 8 bits per sample are accepted"));
        }
        if !matches!(count, 1 | 3 | 4) || rest.len() != usize::from(count) * 3 {
            return Err(ImageError::Undecodable("a JPEG must have 1, 3 or 4 components"));
        }
        let ids: Vec<_> = rest.chunks_exact(3).map(|spec| spec[0]).collect();
        let repeats = (1..ids.len()).any(|index| ids[..index].contains(&ids[index]));
        let components: Vec<_> = (0..)
            .zip(rest.chunks_exact(3))
            .map(|(index, spec)| Component {
                index,
                id: spec[0],
                // Repeated ids identify no colours, and decoders differ in how they treat them.
                kept_id: if repeats { u8::try_from(index).expect("at most 4") + 1 } else { spec[0] },
                horizontal: spec[1] >> 4,
                vertical: spec[1] & 15,
                quantisation: spec[2],
            })
            .collect();
        if components.iter().any(|c| !(1..=4).contains(&c.horizontal) || !(1..=4).contains(&c.vertical)) {
            return Err(ImageError::Undecodable("the JPEG's sampling factors are not accepted"));
        }
        let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
        Ok(Self { width, height, marker, components, markers })
    }

    /// The segment as it is kept: its marker and its data.
    pub(crate) fn segment(&self) -> (u8, Vec<u8>) {
        let ([h1, h0], [w1, w0]) = (self.height.to_be_bytes(), self.width.to_be_bytes());
        let count = u8::try_from(self.components.len()).expect("at most 4");
        let mut data = vec![8, h1, h0, w1, w0, count];
        for component in &self.components {
            let sampling = component.horizontal << 4 | component.vertical;
            data.extend([component.kept_id, sampling, component.quantisation]);
        }
        (self.marker, data)
    }

    /// Whether coefficients come in several passes.
    pub(crate) fn is_progressive(&self) -> bool {
        self.marker == 0xc2
    }

    /// The colours of the components, by the rule of libjpeg (`default_decompress_parms` in jdapimin.c),
    /// which browsers follow: JFIF wins over Adobe, and Adobe over ids.
    pub(crate) fn colour(&self) -> Colour {
        let Markers { jfif, adobe_transform } = self.markers;
        match (self.components.len(), adobe_transform) {
            (1, _) => Colour::Grey,
            (3, _) if jfif => Colour::YCbCr,
            (3, Some(0)) => Colour::Rgb,
            (3, None) if self.components.iter().map(|component| component.id).eq(*b"RGB") => Colour::Rgb,
            (3, _) => Colour::YCbCr,
            (_, None | Some(0)) => Colour::Cmyk,
            (_, Some(_)) => Colour::Ycck,
        }
    }

    /// The colour transform of the Adobe segment that is kept, if any: never one that is unknown or
    /// contradicts the other markers.
    pub(crate) fn kept_transform(&self) -> Option<u8> {
        let transform = self.markers.adobe_transform?;
        match self.colour() {
            Colour::Grey => None,
            Colour::YCbCr => (!self.markers.jfif || transform == 1).then_some(1),
            Colour::Rgb | Colour::Cmyk => Some(0),
            Colour::Ycck => Some(2),
        }
    }

    /// Whether ids or Adobe's transform declare RGB, but the other markers do not.
    pub(crate) fn has_contradictory_markers(&self) -> bool {
        let is_rgb = self.markers.adobe_transform == Some(0)
            || self.components.iter().map(|component| component.id).eq(*b"RGB");
        self.colour() == Colour::YCbCr && is_rgb
    }

    /// Whether the components are four inks.
    pub(crate) fn has_inks(&self) -> bool {
        matches!(self.colour(), Colour::Cmyk | Colour::Ycck)
    }

    /// The largest sampling factors, horizontal and vertical.
    pub(crate) fn max_sampling(&self) -> (u8, u8) {
        let horizontal = self.components.iter().map(|component| component.horizontal).max();
        let vertical = self.components.iter().map(|component| component.vertical).max();
        (horizontal.unwrap_or(1), vertical.unwrap_or(1))
    }

    /// Whether some component has fewer samples than the picture has pixels.
    pub(crate) fn is_subsampled(&self) -> bool {
        let most = self.max_sampling();
        self.components.iter().any(|component| (component.horizontal, component.vertical) != most)
    }
}

/// The colour transform of an Adobe segment (Adobe Technical Note 5116): 0, 1 (`YCbCr`) or 2 (`YCCK`).
pub(crate) fn adobe_transform(data: &[u8]) -> Option<u8> {
    if !data.starts_with(b"Adobe") {
        return None;
    }
    read::array::<1>(data, 11).map(|[transform]| transform)
}

/// Whether the data of an `APP0` segment is that of JFIF.
pub(crate) fn is_jfif(data: &[u8]) -> bool {
    data.starts_with(b"JFIF\0") && data.len() >= 14
}
