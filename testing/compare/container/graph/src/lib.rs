//! The application that every container builds, as macros: `thousand!(application)` calls `application!` with
//!
//! ```text
//! modules {
//!     M3 imports [M0 [N19] M2 []] exports [N159 N169] providers {
//!         N150 []
//!         N151 [a N19 b N150]
//!     }
//!     …
//! }
//! unused [N152 N154]
//! ```
//!
//! - A provider depends on up to three earlier ones, each with the name of a field. Half of a thousand or so depend on two or three.
//! - A module has 50 providers and exports 5 of them: a thousand providers are 20 modules, ten thousand are 200.
//! - Behind each import stands what is used of it.
//! - `unused` are the providers that no other depends on: containers that build at the first use are asked for these.

include!(concat!(env!("OUT_DIR"), "/applications.rs"));
