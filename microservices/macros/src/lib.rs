//! The attribute macros of `nestrs-microservices`, documented there.
//!
//! What they write refers to `::nestrs::__private::micro` alone, so it compiles
//! in a crate that depends on nothing but `nestrs`.
//!
//! | file | holds |
//! |---|---|
//! | `grpc.rs` | which method of a gRPC service a handler is |
//! | `routes.rs` | `#[micro_routes]`, `#[grpc_service]` and `#[event_routes]`: an `impl` block in, the block and its table out |
//! | `contract.rs` | `#[message_contract]`: a trait in, the trait and its client out |
//! | `table.rs` | the table: an entry for each handler or listener |
//! | `attribute.rs` | the attributes of methods, which the macros consume |
//! | `enhancers.rs` | those of guards and their like |
//! | `pattern.rs` | patterns, written as JSON |
//! | `signature.rs` | what a handler may look like |
//! | `callee.rs` | the code that calls it |
//! | `http/` | `#[controller]` and `#[routes]`: the same for HTTP, on axum |

mod attribute;
mod callee;
mod contract;
mod enhancers;
mod grpc;
mod http;
mod pattern;
mod routes;
mod signature;
mod table;

use proc_macro::TokenStream;
use quote::quote;
use syn::{ItemImpl, ItemStruct, ItemTrait};

use table::Table;

#[allow(missing_docs)] // Documented where it is re-exported.
#[proc_macro_attribute]
pub fn micro_routes(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(args, item, Table::Handlers)
}

#[allow(missing_docs)] // Documented where it is re-exported.
#[proc_macro_attribute]
pub fn grpc_service(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(args, item, Table::Grpc)
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

#[allow(missing_docs)] // Documented where it is re-exported.
#[proc_macro_attribute]
pub fn controller(args: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse::<ItemStruct>(item.clone()) {
        Ok(controller) => http::controller::expand(args.into(), &controller).into(),
        Err(error) => {
            let message = "`#[controller]` stands on a struct: `struct OrdersController { … }`";
            beside(syn::Error::new(error.span(), message), item)
        }
    }
}

#[allow(missing_docs)] // Documented where it is re-exported.
#[proc_macro_attribute]
pub fn routes(args: TokenStream, item: TokenStream) -> TokenStream {
    on_block("routes", item, |block| {
        http::routes::expand(args.into(), block)
    })
}

fn expand(args: TokenStream, item: TokenStream, table: Table) -> TokenStream {
    on_block(table.attribute(), item, |block| {
        routes::expand(args.into(), block, table)
    })
}

fn on_block(
    name: &str,
    item: TokenStream,
    expand: impl FnOnce(ItemImpl) -> proc_macro2::TokenStream,
) -> TokenStream {
    match syn::parse::<ItemImpl>(item.clone()) {
        Ok(block) => expand(block).into(),
        Err(error) => {
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
    /// On a method in a `#[grpc_service]` block, or with the service's name in a
    /// `#[micro_routes]` block: it answers this method of a gRPC service.
    grpc_method in "micro_routes";
    /// On a method in an `#[event_routes]` block: it listens to these events.
    on_event in "event_routes";
    /// On a method in a `#[routes]` block: it answers `GET`, and `HEAD` without
    /// the body, of these paths.
    get in "routes";
    /// On a method in a `#[routes]` block: it answers `POST` of these paths.
    post in "routes";
    /// On a method in a `#[routes]` block: it answers `PUT` of these paths.
    put in "routes";
    /// On a method in a `#[routes]` block: it answers `PATCH` of these paths.
    patch in "routes";
    /// On a method in a `#[routes]` block: it answers `DELETE` of these paths.
    delete in "routes";
    /// On a method in a `#[routes]` block: it answers `HEAD` of these paths.
    head in "routes";
    /// On a method in a `#[routes]` block: it answers `OPTIONS` of these paths.
    options in "routes";
    /// On a method in a `#[routes]` block: it answers these paths, whatever the
    /// method.
    all in "routes";
    /// On a method in a `#[routes]` block, or below `#[routes]` for all of
    /// them: the guards that run before it, in this order.
    use_guards in "routes";
    /// On a method in a `#[routes]` block, or below `#[routes]` for all of
    /// them: the interceptors that wrap it, the first outermost.
    use_interceptors in "routes";
    /// On a method in a `#[routes]` block, or below `#[routes]` for all of
    /// them: the pipes its JSON body goes through, in this order.
    use_pipes in "routes";
    /// On a method in a `#[routes]` block, or below `#[routes]` for all of
    /// them: the filters that answer for its errors, the last first.
    use_filters in "routes";
}
