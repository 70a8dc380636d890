//! An image's renditions: read, rendered within the limits on image work, kept.
//!
//! The worker does it when it is told of an image, and whoever asks for a rendition that is not there yet does it on the way.
//! Both do the same, so it may happen twice, and the second time changes nothing.

use std::sync::Arc;

use domain::{AvatarKey, AvatarStore, Error, Image, ImageError, Rendition, RenditionStore, Size, Upload};
use web::{ImageTask, ImageWork, Kit, admission::Refused};

/// Makes renditions. Clones are the same.
#[derive(Clone)]
pub struct Renderer {
    avatars: Arc<dyn AvatarStore>,
    renditions: Arc<dyn RenditionStore>,
    image_work: ImageWork,
}

/// Why there is no rendition.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The store did not give or keep what it was asked: [`Error::NotFound`] where nobody has this image.
    #[error(transparent)]
    Store(#[from] Error),
    /// What is kept is no image; trying again does not help.
    #[error("what is kept is no image")]
    Image(#[from] ImageError),
    /// There is too much to do, or the setting for image memory is too small for this image.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Renderer {
    /// With the stores and the limits of `kit`.
    pub fn new(kit: &Kit) -> Self {
        Self {
            avatars: kit.stores.avatars.clone(),
            renditions: kit.stores.renditions.clone(),
            image_work: kit.image_work.clone(),
        }
    }

    /// The image, and what its upload was part of.
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
        let needed_bytes = inspected.rendering_bytes();
        Ok(self.image_work.run(ImageTask::Render, needed_bytes, || inspected.render()).await??)
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
