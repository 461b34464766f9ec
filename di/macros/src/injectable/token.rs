//! `#[injectable]` on a trait: what implements it can be bound to it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{ItemTrait, parse_quote};

use crate::Home;

pub(super) fn expand(item: &ItemTrait, home: Home) -> syn::Result<TokenStream> {
    let di = home.di();
    let name = &item.ident;
    let (_, arguments, _) = item.generics.split_for_impl();
    let mut generics = item.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!('static));
    }
    generics.params.push(parse_quote!(__Impl: #name #arguments + ::core::marker::Send + ::core::marker::Sync + 'static));
    let (parameters, _, bounds) = generics.split_for_impl();
    // One trait has two types of objects, and either may be asked for.
    let objects = [
        quote!(dyn #name #arguments),
        quote!(dyn #name #arguments + ::core::marker::Send + ::core::marker::Sync),
    ];
    let implementations = objects.iter().map(|object| {
        quote! {
            #[automatically_derived]
            impl #parameters #di::ProvidedBy<__Impl> for #object #bounds {
                fn handle(instance: ::std::sync::Arc<__Impl>) -> #di::Handle
                where
                    Self: ::core::marker::Send + ::core::marker::Sync,
                {
                    #di::Handle::of_trait::<Self>(instance)
                }
            }
        }
    });
    Ok(quote!(#item #(#implementations)*))
}
