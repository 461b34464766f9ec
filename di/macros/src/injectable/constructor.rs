//! `#[injectable]` on an `impl`: its `#[constructor]`'s parameters are what it needs.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, ImplItem, ImplItemFn, ItemImpl, Pat};

use super::{Constructor, Described, Options, describe};
use crate::input::Input;
use crate::{Home, location};

pub(super) fn expand(
    mut item: ItemImpl,
    options: &Options,
    home: Home,
) -> syn::Result<TokenStream> {
    if let Some((path, _)) = &item.trait_ {
        return Err(syn::Error::new(
            path.span(),
            "a `#[constructor]` is in an `impl` of the type itself, not of a trait",
        ));
    }
    let constructor = the_constructor(&mut item)?;
    let inputs = constructor
        .sig
        .inputs
        .iter_mut()
        .map(input)
        .collect::<syn::Result<Vec<_>>>()?;
    let (name, asynchronous) = (
        constructor.sig.ident.clone(),
        constructor.sig.asyncness.is_some(),
    );
    let described = Described {
        ty: &item.self_ty,
        generics: &item.generics,
        at: location(name.span(), home),
        constructor: Constructor {
            asynchronous,
            body: body(&name, asynchronous, &inputs, home),
        },
        inputs,
    };
    let described = describe(&described, options, home)?;
    Ok(quote!(#item #described))
}

/// The one function with the attribute, which is taken off it.
fn the_constructor(item: &mut ItemImpl) -> syn::Result<&mut ImplItemFn> {
    let span = item.self_ty.span();
    let mut found = None;
    for member in &mut item.items {
        let ImplItem::Fn(function) = member else {
            continue;
        };
        let Some(index) = function.attrs.iter().position(is_constructor) else {
            continue;
        };
        let attribute = function.attrs.remove(index);
        if found.is_some() {
            return Err(syn::Error::new(
                attribute.span(),
                "a second `#[constructor]`: a type is built in one way",
            ));
        }
        found = Some(function);
    }
    found.ok_or_else(|| {
        syn::Error::new(span, "put `#[constructor]` on the function that makes the instance; its parameters are injected")
    })
}

fn is_constructor(attribute: &Attribute) -> bool {
    attribute.path().is_ident("constructor")
}

fn input(argument: &mut FnArg) -> syn::Result<Input> {
    let FnArg::Typed(argument) = argument else {
        return Err(syn::Error::new(
            argument.span(),
            "a `#[constructor]` makes an instance, so it cannot take one: remove `self`",
        ));
    };
    let name = match &*argument.pat {
        Pat::Ident(pattern) => Some(pattern.ident.clone()),
        _ => None,
    };
    Input::new(name.as_ref(), &argument.ty, &mut argument.attrs)
}

fn body(name: &syn::Ident, asynchronous: bool, inputs: &[Input], home: Home) -> TokenStream {
    let di = home.di();
    let names: Vec<_> = (0..inputs.len())
        .map(|index| format_ident!("input_{index}"))
        .collect();
    let values = inputs.iter().map(|input| input.value(home));
    let take = quote!(#(let #names = #values;)*);
    let call = quote_spanned!(name.span()=> Self::#name(#(#names),*));
    if asynchronous {
        return quote! {
            #take
            ::core::result::Result::Ok(::std::boxed::Box::pin(async move {
                #di::Outcome::<Self>::outcome(#call.await).map(#di::Handle::new)
            }))
        };
    }
    quote! {
        #take
        #di::Outcome::<Self>::outcome(#call).map(#di::Handle::new)
    }
}

/// The `impl` without what only this macro understands.
pub(super) fn stripped(mut item: ItemImpl) -> ItemImpl {
    for member in &mut item.items {
        let ImplItem::Fn(function) = member else {
            continue;
        };
        function
            .attrs
            .retain(|attribute| !is_constructor(attribute));
        for argument in &mut function.sig.inputs {
            if let FnArg::Typed(argument) = argument {
                argument
                    .attrs
                    .retain(|attribute| !attribute.path().is_ident("inject"));
            }
        }
    }
    item
}
