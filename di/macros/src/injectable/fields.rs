//! `#[injectable]` on a struct: its fields are what it needs.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Fields, ItemStruct, parse_quote};

use super::{Constructor, Described, Options, describe};
use crate::input::Input;
use crate::{Home, location};

pub(super) fn expand(
    mut item: ItemStruct,
    options: &Options,
    home: Home,
) -> syn::Result<TokenStream> {
    let described = implementation(&mut item, options, home)?;
    Ok(quote!(#item #described))
}

/// Describes the struct, and takes the attributes that are for this macro off its fields.
pub(crate) fn implementation(
    item: &mut ItemStruct,
    options: &Options,
    home: Home,
) -> syn::Result<TokenStream> {
    let inputs = item
        .fields
        .iter_mut()
        .map(|field| Input::new(field.ident.as_ref(), &field.ty, &mut field.attrs))
        .collect::<syn::Result<Vec<_>>>()?;
    let di = home.di();
    let value = value(&item.fields, &inputs, home);
    let name = &item.ident;
    let (_, arguments, _) = item.generics.split_for_impl();
    let described = Described {
        ty: &parse_quote!(#name #arguments),
        generics: &item.generics,
        at: location(name.span(), home),
        constructor: Constructor {
            asynchronous: false,
            body: quote!(::core::result::Result::Ok(#di::Handle::new(#value))),
        },
        inputs,
    };
    describe(&described, options, home)
}

/// The expression that makes the value, fields in the order they are declared.
fn value(fields: &Fields, inputs: &[Input], home: Home) -> TokenStream {
    let values = inputs.iter().map(|input| input.value(home));
    match fields {
        Fields::Named(fields) => {
            let names = fields.named.iter().map(|field| &field.ident);
            quote!(Self { #(#names: #values),* })
        }
        Fields::Unnamed(_) => quote!(Self(#(#values),*)),
        Fields::Unit => quote!(Self),
    }
}
