//! Squares, from the store or generated, with a cache in memory.

use std::{num::NonZero, sync::Arc, thread};

use domain::{AvatarKey, Error, Image, ImageFormat, Rendition, RenditionStore, Size, UploadId};
use imaging::Generated;
use quick_cache::{Weighter, sync::Cache};
use rendering::{RenderError, Renderer};
use runtime::{
    ImageTask, ImageWork,
    admission::{Refused, Share},
};
use web::{App, body::Turns};

use crate::output_format::OutputFormat;

/// Overhead of a cache entry.
const ENTRY_BYTES: u64 = 256;

/// Typical size of a cached picture, to estimate the number of entries.
const PICTURE_BYTES: u64 = 8 * 1024;

/// 1/8 of the cache is for renditions made on demand, all of one image in one entry.
const MADE_SHARE: u64 = 8;

/// Memory for drawing and encoding a generated picture, in bytes per pixel.
const DRAWING_BYTES: u64 = 32;

/// How many on-demand renderings may wait before the next is refused, as in `admission`.
const RENDERS_WAITING: usize = 64;

/// Pictures by upload or generated kind.
///
/// The user is always read from the store first, so an erased image is never served from the cache.
#[derive(Clone)]
pub(crate) struct Pictures(Arc<Inner>);

struct Inner {
    renditions: Arc<dyn RenditionStore>,
    renderer: Renderer,
    image_work: ImageWork,
    /// An image is in memory only while it is rendered, not while it waits.
    renders: Turns,
    cache: Cache<CacheKey, Image, Bytes>,
    /// Renditions made on demand: once per image, however many requests arrive at the same time.
    made: Cache<UploadId, Arc<[Rendition]>, Bytes>,
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

impl Weighter<UploadId, Arc<[Rendition]>> for Bytes {
    fn weight(&self, _: &UploadId, made: &Arc<[Rendition]>) -> u64 {
        made.iter().map(|one| one.image.bytes.len() as u64 + ENTRY_BYTES).sum()
    }
}

impl Pictures {
    pub(crate) fn new(app: &App) -> Self {
        let made_bytes = app.config.cache_bytes / MADE_SHARE;
        let picture_bytes = app.config.cache_bytes - made_bytes;
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
            made: Cache::with_weighter(entries(made_bytes), made_bytes, Bytes),
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
        self.0.cache.get_or_insert_async(&entry, drawn).await
    }
}

impl Inner {
    /// From the rendition of this size and format if that is stored, else from the next larger one.
    async fn make(&self, key: &AvatarKey, size: Size, output: OutputFormat) -> Result<Image, RenderError> {
        let standard = size.next_standard();
        if size == standard
            && let OutputFormat::Exactly(format) = output
        {
            match self.renditions.read(&key.rendition(standard, format)).await {
                Err(Error::NotFound) => {}
                stored => return Ok(stored?),
            }
        }
        let rendition = self.rendition(key, standard).await?;
        match output {
            OutputFormat::Plain if size == standard => Ok(rendition),
            OutputFormat::Plain => {
                let format = rendition.format;
                self.renderer.resize(rendition, size, format).await
            }
            OutputFormat::Exactly(format) => self.renderer.resize(rendition, size, format).await,
        }
    }

    /// The rendition as JPEG, or PNG with transparency; made on demand if it is not stored.
    async fn rendition(&self, key: &AvatarKey, standard: Size) -> Result<Image, RenderError> {
        for format in plain_formats(key.format) {
            match self.renditions.read(&key.rendition(standard, *format)).await {
                Err(Error::NotFound) => {}
                stored => return Ok(stored?),
            }
        }
        let made = self.made.get_or_insert_async(&key.upload, self.render(key)).await?;
        let plain = made.iter().find(|one| one.size == standard && one.image.format != ImageFormat::Webp);
        Ok(plain.expect("every standard size is rendered in a plain format").image.clone())
    }

    /// Makes and stores all renditions, so that later requests and the worker find them.
    async fn render(&self, key: &AvatarKey) -> Result<Arc<[Rendition]>, RenderError> {
        let rendering = self.renders.take().await.ok_or(Refused::QueueFull)?;
        let upload = self.renderer.read(key).await?;
        let made = self.renderer.render(upload.image).await?;
        drop(rendering);
        match self.renderer.keep(key, &made).await {
            Ok(()) => {}
            Err(Error::NotFound) => return Err(Error::NotFound.into()),
            // They can be served all the same; the worker will store them.
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not store renditions; serving them anyway, the worker will store them"
                );
            }
        }
        Ok(made.into())
    }
}

/// The formats in which renditions may be stored, beside `WebP`: a JPEG is never transparent.
fn plain_formats(original: ImageFormat) -> &'static [ImageFormat] {
    match original {
        ImageFormat::Jpeg => &[ImageFormat::Jpeg],
        ImageFormat::Png | ImageFormat::Webp => &[ImageFormat::Png, ImageFormat::Jpeg],
    }
}
