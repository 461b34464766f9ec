//! `#[controller]` and `#[routes]`: a provider with HTTP routes. What they write
//! refers to `::nestrs::__private::http`.
//!
//! | file | holds |
//! |---|---|
//! | `controller.rs` | `#[controller]`: a struct in, an injectable with a path out |
//! | `routes.rs` | `#[routes]`: an `impl` block in, the block and its routes out |
//! | `attribute.rs` | the attributes of methods, which `#[routes]` consumes |
//! | `path.rs` | paths and versions, as they are written |
//! | `call.rs` | the code that calls a method with what axum extracts |

mod attribute;
mod call;
pub(crate) mod controller;
mod path;
pub(crate) mod routes;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

/// Where the items are that expansions need, spanned at what an error of theirs
/// would be about.
fn http(span: Span) -> TokenStream {
    quote_spanned!(span=> ::nestrs::__private::http)
}
