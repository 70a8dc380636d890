//! An image's renditions: read, rendered within the limits on image work, kept.
//!
//! The worker makes those of [`Size::EAGER`] when it receives an image's event, and a request for a missing
//! rendition makes that one on demand. One may be made twice; the second time changes nothing.

mod accept;

use std::sync::Arc;

use domain::{
    AvatarKey, AvatarStore, Error, Image, ImageError, ImageFormat, Rendition, RenditionStore, Size, Upload,
};
use imaging::{Inspected, Square};
use runtime::{
    ImageTask, ImageWork, Services,
    admission::{Refused, Share},
};

pub use accept::{Accepted, accept};

/// Makes renditions. Clones share its limits.
#[derive(Clone)]
pub struct Renderer {
    avatars: Arc<dyn AvatarStore>,
    renditions: Arc<dyn RenditionStore>,
    image_work: ImageWork,
}

/// Why there is no rendition.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The store failed to read or write; [`Error::NotFound`] if no user has this image.
    #[error(transparent)]
    Store(#[from] Error),
    /// The stored object is not a valid image; a retry does not help.
    #[error("stored object is not a valid image")]
    Image(#[from] ImageError),
    /// Too much image work is waiting, or the setting for image memory is too small for this image.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Renderer {
    /// With these stores and limits, as work of `share`.
    pub fn new(services: &Services, share: Share) -> Self {
        Self {
            avatars: services.stores.avatars.clone(),
            renditions: services.stores.renditions.clone(),
            image_work: services.image_work.for_share(share),
        }
    }

    /// The image, and the trace of its upload. Waits for memory for images that were read to be rendered.
    ///
    /// # Errors
    /// As [`AvatarStore::read_upload`].
    pub async fn read(&self, key: &AvatarKey) -> Result<Upload, Error> {
        let room = self.image_work.input_room().await;
        let mut upload = self.avatars.read_upload(key).await?;
        upload.image.bytes = room.hold(upload.image.bytes);
        Ok(upload)
    }

    /// The renditions of these sizes, the largest first, in both formats: a step for each size, so that
    /// requests come in between.
    ///
    /// # Errors
    /// [`RenderError::Image`], [`RenderError::Refused`].
    pub async fn render(&self, image: Image, sizes: &[Size]) -> Result<Vec<Rendition>, RenderError> {
        let inspected = self.inspect(image).await?;
        let largest = sizes.first().copied().unwrap_or(Size::MAX);
        let needed_bytes = inspected.rendering_bytes(largest);
        let decode = move || inspected.square(largest);
        let mut square = self.image_work.run(ImageTask::Render, needed_bytes, decode).await??;
        let formats = square.formats();
        let mut renditions = Vec::with_capacity(sizes.len() * formats.len());
        for &size in sizes {
            let step = move || {
                let square = square.scaled(size);
                let made = formats.map(|format| Rendition { size, image: square.encode(format) });
                (square, made)
            };
            let needed_bytes = Square::WORKING_BYTES;
            let (smaller, made) = self.image_work.run(ImageTask::Render, needed_bytes, step).await?;
            square = smaller;
            renditions.extend(made);
        }
        Ok(renditions)
    }

    /// One rendition of an image, in the format that `format` selects.
    ///
    /// # Errors
    /// [`RenderError::Image`], [`RenderError::Refused`].
    pub async fn render_one(
        &self,
        image: Image,
        size: Size,
        format: impl FnOnce(&Square) -> ImageFormat + Send + 'static,
    ) -> Result<Rendition, RenderError> {
        let inspected = self.inspect(image).await?;
        let needed_bytes = inspected.rendering_bytes(size);
        let render = move || {
            let square = inspected.square(size)?;
            let image = square.encode(format(&square));
            Ok::<_, ImageError>(Rendition { size, image })
        };
        Ok(self.image_work.run(ImageTask::Render, needed_bytes, render).await??)
    }

    async fn inspect(&self, image: Image) -> Result<Inspected, RenderError> {
        let bytes = image.bytes;
        Ok(self.image_work.run(ImageTask::Inspect, 0, || imaging::inspect(bytes)).await??)
    }

    /// Keeps them, if the user still has this image.
    ///
    /// # Errors
    /// As [`RenditionStore::keep`].
    pub async fn keep(&self, of: &AvatarKey, renditions: &[Rendition]) -> Result<(), Error> {
        self.renditions.keep(of, renditions).await
    }

    /// A square of another size or format, made of one that is kept.
    ///
    /// # Errors
    /// [`RenderError::Image`], [`RenderError::Refused`].
    pub async fn resize(
        &self,
        rendition: Image,
        size: Size,
        format: ImageFormat,
    ) -> Result<Image, RenderError> {
        // A square of ours: its header is read in no time.
        let inspected = imaging::inspect(rendition.bytes)?;
        let needed_bytes = inspected.rendering_bytes(size);
        let resize = move || inspected.square(size).map(|square| square.encode(format));
        Ok(self.image_work.run(ImageTask::Draw, needed_bytes, resize).await??)
    }
}
