//! Stub until the engine lands.
#![allow(missing_docs)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locale { ZhCn, En }
impl Locale { pub const fn as_str(self) -> &'static str { match self { Self::ZhCn => "zh-CN", Self::En => "en" } } }
pub struct Content;
impl Content { pub fn builtin() -> &'static Self { &Content } pub fn hash(&self) -> ContentHash { ContentHash } }
pub struct ContentHash;
impl ContentHash { pub fn short(&self) -> String { "00000000".into() } }
