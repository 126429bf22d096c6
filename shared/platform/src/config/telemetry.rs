//! Where logs and metrics go: `LOG_LEVEL_FILE`, `METRICS_EXPORTER`, `METRICS_NAMESPACE`.

use std::path::PathBuf;

/// Where metrics go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exporter {
    /// A page that Prometheus fetches.
    Prometheus,
    /// Lines of CloudWatch's embedded metric format on stdout.
    Emf,
    /// CloudWatch's API.
    Cloudwatch,
    /// Nowhere.
    None,
}

impl Exporter {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Prometheus, Self::Emf, Self::Cloudwatch, Self::None];

    /// As written in `METRICS_EXPORTER`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::Emf => "emf",
            Self::Cloudwatch => "cloudwatch",
            Self::None => "none",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|exporter| exporter.as_str() == text);
        found.ok_or_else(|| "must be prometheus, emf, cloudwatch or none".to_owned())
    }
}

/// What CloudWatch takes as a namespace (PutMetricData, `Namespace`); `AWS/` is Amazon's own.
pub(super) fn namespace(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/' | b'#' | b':');
    let is_own = !text.starts_with("AWS/") && !text.starts_with(':');
    if (1..=255).contains(&text.len()) && text.bytes().all(fits) && is_own {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 255 of a-z, A-Z, 0-9, ., -, _, /, # and :, and begin neither with AWS/ nor with :".to_owned())
    }
}

pub(super) fn file(text: &str) -> Result<PathBuf, String> {
    if text.contains('\0') { Err("must be the path of a file".to_owned()) } else { Ok(PathBuf::from(text)) }
}
