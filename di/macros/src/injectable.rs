//! `#[injectable]`: a description of the type and a function that builds it.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{Fields, ItemStruct, Type};

use crate::{Home, args, location};

pub(crate) fn expand(
    args: TokenStream,
    item: TokenStream,
    home: Home,
) -> Result<TokenStream, (syn::Error, TokenStream)> {
    let expanded = Options::parse.parse2(args).and_then(|options| {
        let item = syn::parse2::<ItemStruct>(item.clone()).map_err(|_| {
            syn::Error::new(
                item.span(),
                "`#[injectable]` goes on a struct: its fields are what it needs",
            )
        })?;
        let described = describe(&item, &options, home);
        Ok(quote!(#item #described))
    });
    expanded.map_err(|error| (error, item))
}

#[derive(Default)]
struct Options {
    in_root: bool,
}

impl Options {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Self::default();
        args::each(input, &["provided_in"], |_, input| {
            args::word(input, &["root"])?;
            options.in_root = true;
            Ok(())
        })?;
        Ok(options)
    }
}

fn describe(item: &ItemStruct, options: &Options, home: Home) -> TokenStream {
    let di = home.di();
    let name = &item.ident;
    let (generics, arguments, bounds) = item.generics.split_for_impl();
    let in_root = options.in_root;
    let dependencies = item.fields.iter().map(|field| {
        let (ty, span) = (&field.ty, field.ty.span());
        let written = match &field.ident {
            Some(name) => format!("{name}: {}", as_written(ty)),
            None => as_written(ty),
        };
        let at = location(field.ident.as_ref().map_or(span, Ident::span), home);
        quote_spanned!(span=> #di::Dependency {
            request: <#ty as #di::Inject>::REQUEST,
            written: #written,
            at: #at,
        })
    });
    let built = built(&item.fields, &di);
    let hooks = hooks(&di);
    let at = location(name.span(), home);
    let registered = item.generics.params.is_empty().then(|| {
        quote!(#di::inventory::submit! { #di::Registered(<#name as #di::Injectable>::DESCRIPTOR) })
    });
    quote! {
        #[automatically_derived]
        impl #generics #di::Injectable for #name #arguments #bounds {
            const DESCRIPTOR: &'static #di::Descriptor = &#di::Descriptor {
                key: #di::Key::of::<Self>(),
                at: #at,
                in_root: #in_root,
                dependencies: #di::Cow::Borrowed(&[#(#dependencies),*]),
                build: #di::Build::Sync(|_resolved| ::core::result::Result::Ok(#di::Handle::new(#built))),
                hooks: #hooks,
            };
        }
        #registered
    }
}

/// Asks the compiler which hooks the type has.
fn hooks(di: &TokenStream) -> TokenStream {
    quote!({
        #[allow(unused_imports)]
        use #di::NoHook as _;
        #di::Hooks([
            #di::Probe::<Self>::INIT,
            #di::Probe::<Self>::BOOTSTRAP,
            #di::Probe::<Self>::DESTROY,
            #di::Probe::<Self>::BEFORE_SHUTDOWN,
            #di::Probe::<Self>::SHUTDOWN,
        ])
    })
}

/// The expression that makes the value, fields in the order they are declared.
fn built(fields: &Fields, di: &TokenStream) -> TokenStream {
    let values = fields.iter().map(|field| {
        let ty = &field.ty;
        let value = quote_spanned!(ty.span()=> <#ty as #di::Inject>::inject(_resolved)?);
        match &field.ident {
            Some(name) => quote!(#name: #value),
            None => value.to_token_stream(),
        }
    });
    match fields {
        Fields::Named(_) => quote!(Self { #(#values),* }),
        Fields::Unnamed(_) => quote!(Self(#(#values),*)),
        Fields::Unit => quote!(Self),
    }
}

/// A type's tokens with the spaces a person would put.
fn as_written(ty: &Type) -> String {
    let tokens = ty.to_token_stream().to_string();
    [
        (" :: ", "::"),
        (" < ", "<"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
    ]
    .iter()
    .fold(tokens, |text, (from, to)| text.replace(from, to))
}
