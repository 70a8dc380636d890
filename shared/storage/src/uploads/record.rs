//! The announcement of a direct upload, as JSON.

use bytes::Bytes;
use domain::{DirectUpload, DirectUploadId, DirectUploadType, Error, Image, Timestamp};
use serde::{Deserialize, Serialize};

/// Digests in hex; the time in milliseconds since 1970.
#[derive(Serialize, Deserialize)]
struct Record {
    content_type: String,
    bytes: usize,
    sha256: Option<String>,
    subject_sha256: Option<String>,
    announced_at: i64,
}

pub(super) fn encode(upload: &DirectUpload) -> Bytes {
    let record = Record {
        content_type: upload.content_type.name().to_owned(),
        bytes: upload.bytes,
        sha256: upload.digest.map(|digest| digest.to_string()),
        subject_sha256: upload.subject.map(|digest| digest.to_string()),
        announced_at: upload.announced_at.as_millisecond(),
    };
    serde_json::to_vec(&record).expect("strings and numbers serialise").into()
}

pub(super) fn decode(id: DirectUploadId, record: &[u8]) -> Result<DirectUpload, Error> {
    const DAMAGED: &str = "the announcement of a direct upload cannot be read";
    let record: Record = serde_json::from_slice(record).map_err(Error::damaged)?;
    let digest = |text: Option<String>| text.map(|text| text.parse()).transpose().map_err(Error::damaged);
    Ok(DirectUpload {
        id,
        content_type: DirectUploadType::named(&record.content_type).ok_or_else(|| Error::damaged(DAMAGED))?,
        bytes: Some(record.bytes)
            .filter(|bytes| (1..=Image::MAX_BYTES).contains(bytes))
            .ok_or_else(|| Error::damaged(DAMAGED))?,
        digest: digest(record.sha256)?,
        subject: digest(record.subject_sha256)?,
        announced_at: Timestamp::from_millisecond(record.announced_at).map_err(Error::damaged)?,
    })
}

#[cfg(test)]
mod tests {
    use domain::Digest;

    use super::*;

    #[test]
    fn an_announcement_round_trips() {
        for (digest, subject) in [(None, None), (Some(Digest::of(b"image")), Some(Digest::of(b"subject")))] {
            let upload = DirectUpload {
                id: DirectUploadId::random(),
                content_type: DirectUploadType::named("image/webp").unwrap(),
                bytes: Image::MAX_BYTES,
                digest,
                subject,
                announced_at: Timestamp::from_millisecond(1_795_000_000_123).unwrap(),
            };
            assert_eq!(decode(upload.id, &encode(&upload)).unwrap(), upload);
        }
    }

    #[test]
    fn what_this_program_did_not_write_is_damaged() {
        let written =
            r#"{"content_type":"image/png","bytes":1,"sha256":null,"subject_sha256":null,"announced_at":1}"#;
        assert!(decode(DirectUploadId::random(), written.as_bytes()).is_ok());
        for (from, to) in [
            ("image/png", "text/html"),
            (":1,", ":0,"),
            (":1,", ":33554433,"),
            ("\"sha256\":null", "\"sha256\":\"00\""),
            ("at\":1", "at\":-1"),
            ("}", ""),
        ] {
            let record = written.replacen(from, to, 1);
            assert!(
                matches!(decode(DirectUploadId::random(), record.as_bytes()), Err(Error::Damaged(_))),
                "{record}"
            );
        }
    }
}
