//! The attribute macros of `nestrs-microservices`, documented there.
//!
//! What they write refers to `::nestrs::__private::micro` alone, so it compiles
//! in a crate that depends on nothing but `nestrs`.
//!
//! | file | holds |
//! |---|---|
//! | `routes.rs` | both macros: an `impl` block in, the block and its table out |
//! | `contract.rs` | `#[message_contract]`: a trait in, the trait and its client out |
//! | `table.rs` | the table: an entry for each handler or listener |
//! | `attribute.rs` | the attributes of methods, which the macros consume |
//! | `pattern.rs` | patterns, written as JSON |
//! | `signature.rs` | what a handler may look like, and the code that calls it |

mod attribute;
mod contract;
mod pattern;
mod routes;
mod signature;
mod table;

use proc_macro::TokenStream;
use quote::quote;
use syn::{ItemImpl, ItemTrait};

use table::Table;

#[allow(missing_docs)] // Documented where it is re-exported.
#[proc_macro_attribute]
pub fn micro_routes(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(args, item, Table::Handlers)
}

#[allow(missing_docs)] // Documented where it is re-exported.
#[proc_macro_attribute]
pub fn event_routes(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(args, item, Table::Listeners)
}

#[allow(missing_docs)] // Documented where it is re-exported.
#[proc_macro_attribute]
pub fn message_contract(args: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse::<ItemTrait>(item.clone()) {
        Ok(contract) => contract::expand(args.into(), contract).into(),
        Err(error) => {
            let message = format!("`#[message_contract]` stands on a trait: {error}");
            beside(syn::Error::new(error.span(), message), item)
        }
    }
}

fn expand(args: TokenStream, item: TokenStream, table: Table) -> TokenStream {
    match syn::parse::<ItemImpl>(item.clone()) {
        Ok(block) => routes::expand(args.into(), block, table).into(),
        Err(error) => {
            let name = table.attribute();
            let message = format!("`#[{name}]` stands on an `impl` block: {error}");
            beside(syn::Error::new(error.span(), message), item)
        }
    }
}

/// An error beside the item it is about, so that what uses the item has no
/// errors of its own.
fn beside(error: syn::Error, item: TokenStream) -> TokenStream {
    let error = error.into_compile_error();
    let item = proc_macro2::TokenStream::from(item);
    quote!(#error #item).into()
}

/// The attributes of methods, as macros of their own: they only run where the
/// macro around them did not.
macro_rules! inner_attributes {
    ($($(#[$doc:meta])* $name:ident in $outer:literal;)*) => {$(
        $(#[$doc])*
        #[proc_macro_attribute]
        pub fn $name(_args: TokenStream, item: TokenStream) -> TokenStream {
            let message = concat!(
                "use `#[", stringify!($name), "]` on a method inside `#[", $outer, "] impl …`"
            );
            beside(syn::Error::new(proc_macro2::Span::call_site(), message), item)
        }
    )*};
}

inner_attributes! {
    /// On a method in a `#[micro_routes]` block: it answers requests of these
    /// patterns.
    message_pattern in "micro_routes";
    /// On a method in a `#[micro_routes]` block: it receives events of these
    /// patterns.
    event_pattern in "micro_routes";
    /// On a handler in a `#[micro_routes]` block, or below `#[micro_routes]` for
    /// all of them: the guards that run before it, in this order.
    use_micro_guards in "micro_routes";
    /// On a handler in a `#[micro_routes]` block, or below `#[micro_routes]` for
    /// all of them: the interceptors that wrap it, the first outermost.
    use_micro_interceptors in "micro_routes";
    /// On a handler in a `#[micro_routes]` block, or below `#[micro_routes]` for
    /// all of them: the pipes its payload goes through, in this order.
    use_micro_pipes in "micro_routes";
    /// On a handler in a `#[micro_routes]` block, or below `#[micro_routes]` for
    /// all of them: the filters that answer for its errors, the last first.
    use_micro_filters in "micro_routes";
    /// On a method in an `#[event_routes]` block: it listens to these events.
    on_event in "event_routes";
}
