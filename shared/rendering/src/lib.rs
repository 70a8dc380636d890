//! An image's renditions: read, rendered within the limits on image work, kept.
//!
//! The worker does it when it receives an image's event, and a request for a missing rendition does it on
//! demand. Both do the same, so it may happen twice, and the second time changes nothing.

mod accept;

use std::sync::Arc;

use domain::{AvatarKey, AvatarStore, Error, Image, ImageError, Rendition, RenditionStore, Size, Upload};
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

    /// The image, and the trace of its upload.
    ///
    /// # Errors
    /// As [`AvatarStore::read_upload`].
    pub async fn read(&self, key: &AvatarKey) -> Result<Upload, Error> {
        self.avatars.read_upload(key).await
    }

    /// All renditions of an image, the largest first.
    ///
    /// # Errors
    /// [`RenderError::Image`], [`RenderError::Refused`].
    pub async fn render(&self, image: Image) -> Result<Vec<Rendition>, RenderError> {
        let bytes = image.bytes;
        let inspected = self.image_work.run(ImageTask::Inspect, 0, || imaging::inspect(bytes)).await??;
        if self.image_work.share() == Share::Event {
            return self.render_in_steps(inspected).await;
        }
        let needed_bytes = inspected.rendering_bytes();
        Ok(self.image_work.run(ImageTask::Render, needed_bytes, || inspected.render()).await??)
    }

    /// The same as [`Inspected::render`], a step for each size, so that requests come in between.
    async fn render_in_steps(&self, inspected: Inspected) -> Result<Vec<Rendition>, RenderError> {
        let needed_bytes = inspected.rendering_bytes();
        let decode = || inspected.square(Size::MAX);
        let mut square = self.image_work.run(ImageTask::Render, needed_bytes, decode).await??;
        let formats = square.formats();
        let mut renditions = Vec::with_capacity(Size::STANDARD.len() * formats.len());
        for size in Size::STANDARD {
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
        format: domain::ImageFormat,
    ) -> Result<Image, RenderError> {
        // A square of ours: its header is read in no time.
        let inspected = imaging::inspect(rendition.bytes)?;
        let needed_bytes = inspected.rendering_bytes();
        let resize = move || inspected.square(size).map(|square| square.encode(format));
        Ok(self.image_work.run(ImageTask::Draw, needed_bytes, resize).await??)
    }
}
