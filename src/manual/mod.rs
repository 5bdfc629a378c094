//! The manual: prose only, compiled into the documentation so that it is found where the code is.
//!
//! Knows nothing and is known by nothing. Begin with [`architecture`] to read the code, or with [`tutorial`] to come
//! from the PHP lesson that this daemon grew from. A fenced block in a chapter names its language, so that rustdoc
//! takes none of it for a doctest.

#[doc = include_str!("architecture.md")]
pub mod architecture {}

#[doc = include_str!("api.md")]
pub mod api {}

#[doc = include_str!("tutorial.md")]
pub mod tutorial {}

#[doc = include_str!("tutorial.zh.md")]
pub mod tutorial_zh {}

#[doc = include_str!("decisions.md")]
pub mod decisions {}

#[doc = include_str!("desk.md")]
pub mod desk {}

#[doc = include_str!("operating.md")]
pub mod operating {}

#[doc = include_str!("performance.md")]
pub mod performance {}

#[doc = include_str!("protocol.md")]
pub mod protocol {}

#[doc = include_str!("protocol.zh.md")]
pub mod protocol_zh {}

#[doc = include_str!("widget.md")]
pub mod widget {}
