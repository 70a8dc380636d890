//! Squares, from the store or generated, with a cache in memory.

use std::{num::NonZero, slice, sync::Arc, thread, time::Duration};

use domain::{AvatarKey, Error, Image, ImageFormat, RenditionStore, Size, UploadId};
use imaging::{Generated, Square};
use quick_cache::{Weighter, sync::Cache};
use rendering::{RenderError, Renderer};
use runtime::{
    CachePlan, ImageTask, ImageWork,
    admission::{Refused, Share},
};
use tokio::time::sleep;
use web::{App, body::Turns};

use crate::output_format::OutputFormat;

/// Overhead of a cache entry.
const ENTRY_BYTES: u64 = 256;

/// Typical size of a cached picture, to estimate the number of entries.
const PICTURE_BYTES: u64 = 8 * 1024;

/// Memory for drawing and encoding a generated picture, in bytes per pixel.
const DRAWING_BYTES: u64 = 32;

/// The pause before a generated picture is refused because too many wait. Clients that retry at once would otherwise
/// take the CPU that uploads need.
const REFUSAL_PAUSE: Duration = Duration::from_millis(250);

/// How many on-demand renderings may wait before the next is refused, as in `admission`.
const RENDERS_WAITING: usize = 64;

/// Pictures by upload or generated kind.
///
/// The caller always knows the user's current image first, so an erased one is never served from the cache.
#[derive(Clone)]
pub(crate) struct Pictures(Arc<Inner>);

struct Inner {
    renditions: Arc<dyn RenditionStore>,
    renderer: Renderer,
    image_work: ImageWork,
    /// An image is in memory only while it is rendered, not while it waits.
    renders: Turns,
    cache: Cache<CacheKey, Image, Bytes>,
    /// Renditions made on demand: each once, however many requests need it at the same time.
    made: Cache<CacheKey, Image, Bytes>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct CacheKey {
    source: Source,
    size: Size,
    output: OutputFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Source {
    Upload(UploadId),
    /// With the bytes of the hash, if the picture depends on them.
    Generated(Generated, [u8; 32]),
}

#[derive(Clone)]
struct Bytes;

impl Weighter<CacheKey, Image> for Bytes {
    fn weight(&self, _: &CacheKey, image: &Image) -> u64 {
        image.bytes.len() as u64 + ENTRY_BYTES
    }
}

impl Pictures {
    pub(crate) fn new(app: &App) -> Self {
        let CachePlan { picture_bytes, rendition_bytes, .. } = app.config.cache_plan();
        let entries = |bytes: u64| usize::try_from(bytes / PICTURE_BYTES).unwrap_or(usize::MAX).max(1);
        Self(Arc::new(Inner {
            renditions: app.stores().renditions.clone(),
            renderer: Renderer::new(&app.services, Share::OnDemand),
            image_work: app.image_work().for_share(Share::Generated),
            renders: Turns::new(
                thread::available_parallelism().map_or(1, NonZero::get).max(2),
                RENDERS_WAITING,
            ),
            cache: Cache::with_weighter(entries(picture_bytes), picture_bytes, Bytes),
            made: Cache::with_weighter(entries(rendition_bytes), rendition_bytes, Bytes),
        }))
    }

    /// A picture of the image `key`.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no user has this image any more.
    pub(crate) async fn of_image(
        &self,
        key: &AvatarKey,
        size: Size,
        output: OutputFormat,
    ) -> Result<Image, RenderError> {
        let entry = CacheKey { source: Source::Upload(key.upload), size, output };
        self.0.cache.get_or_insert_async(&entry, self.0.make(key, size, output)).await
    }

    /// A generated picture.
    pub(crate) async fn generated(
        &self,
        kind: Generated,
        hash: &[u8],
        size: Size,
        output: OutputFormat,
    ) -> Result<Image, RenderError> {
        let hash = match kind {
            Generated::Person | Generated::Blank => &[],
            Generated::Identicon | Generated::Retro | Generated::Initials(_) => hash,
        };
        let mut seed = [0; 32];
        seed[..hash.len()].copy_from_slice(hash);
        let entry = CacheKey { source: Source::Generated(kind, seed), size, output };
        let hash = hash.to_vec();
        let draw = move || {
            let square = kind.draw(&hash, size);
            let format = match output {
                OutputFormat::Exactly(format) => format,
                OutputFormat::Plain => square.formats()[1],
            };
            square.encode(format)
        };
        let needed_bytes = u64::from(size.pixels()).pow(2) * DRAWING_BYTES;
        let drawn = async { Ok(self.0.image_work.run(ImageTask::Draw, needed_bytes, draw).await?) };
        let picture = self.0.cache.get_or_insert_async(&entry, drawn).await;
        // Not while drawing: requests for the same picture would pause one after the other.
        if matches!(picture, Err(RenderError::Refused(Refused::QueueFull))) {
            sleep(REFUSAL_PAUSE).await;
        }
        picture
    }
}

impl Inner {
    /// From the rendition of this size and format if there is one, else from the next larger one.
    async fn make(&self, key: &AvatarKey, size: Size, output: OutputFormat) -> Result<Image, RenderError> {
        let standard = size.next_standard();
        let is_standard = size == standard;
        match output {
            OutputFormat::Exactly(ImageFormat::Webp) if is_standard => {
                return self.rendition(key, standard, output).await;
            }
            OutputFormat::Exactly(_) | OutputFormat::Plain => {}
        }
        let rendition = self.rendition(key, standard, OutputFormat::Plain).await?;
        let format = match output {
            OutputFormat::Exactly(format) => format,
            OutputFormat::Plain => rendition.format,
        };
        if is_standard && format == rendition.format {
            return Ok(rendition);
        }
        self.renderer.resize(rendition, size, format).await
    }

    /// The rendition as WebP, or as JPEG, or PNG with transparency; made on demand if it is not stored.
    async fn rendition(
        &self,
        key: &AvatarKey,
        size: Size,
        output: OutputFormat,
    ) -> Result<Image, RenderError> {
        for format in stored_formats(key.format, output) {
            match self.renditions.read(&key.rendition(size, *format)).await {
                Err(Error::NotFound) => {}
                stored => return Ok(stored?),
            }
        }
        let entry = CacheKey { source: Source::Upload(key.upload), size, output };
        self.made.get_or_insert_async(&entry, self.render(key, size, output)).await
    }

    /// Makes and stores a rendition, so that later requests find it.
    async fn render(&self, key: &AvatarKey, size: Size, output: OutputFormat) -> Result<Image, RenderError> {
        let rendering = self.renders.take().await.ok_or(Refused::QueueFull)?;
        let upload = self.renderer.read(key).await?;
        let format = move |square: &Square| match output {
            OutputFormat::Exactly(format) => format,
            OutputFormat::Plain => square.formats()[1],
        };
        let made = self.renderer.render_one(upload.image, size, format).await?;
        drop(rendering);
        match self.renderer.keep(key, slice::from_ref(&made)).await {
            Ok(()) => {}
            Err(Error::NotFound) => return Err(Error::NotFound.into()),
            // It can be served all the same; a later request stores it.
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not store a rendition; serving it anyway, and a later request will store it"
                );
            }
        }
        Ok(made.image)
    }
}

/// The formats in which a rendition may be stored: a JPEG is never transparent.
fn stored_formats(original: ImageFormat, output: OutputFormat) -> &'static [ImageFormat] {
    match (output, original) {
        (OutputFormat::Exactly(ImageFormat::Webp), _) => &[ImageFormat::Webp],
        (_, ImageFormat::Jpeg) => &[ImageFormat::Jpeg],
        (_, ImageFormat::Png | ImageFormat::Webp) => &[ImageFormat::Png, ImageFormat::Jpeg],
    }
}
