//! `#[controller]`: the struct becomes injectable, and knows its path.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Ident, ItemStruct, LitStr, Token};

use super::http;
use super::path::{RoutePath, Versions};

pub(crate) fn expand(args: TokenStream, item: &ItemStruct) -> TokenStream {
    let arguments = match syn::parse2::<Arguments>(args) {
        Ok(arguments) => arguments,
        // Injectable all the same: whoever lists it has no errors of their own.
        Err(error) => {
            let error = error.into_compile_error();
            let rest = expanded(&Arguments::default(), item);
            return quote!(#error #rest);
        }
    };
    expanded(&arguments, item)
}

/// `"/orders", version = "1"`, and what is for `#[injectable]`.
#[derive(Default)]
struct Arguments {
    path: Option<RoutePath>,
    versions: Option<Versions>,
    injectable: Vec<TokenStream>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            match input.peek(LitStr) && arguments.path.is_none() {
                true => arguments.path = Some(input.parse()?),
                false => arguments.parse_named(input)?,
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

impl Arguments {
    fn parse_named(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let unknown = |span| {
            let message = "`#[controller]` takes a path and then `version = \"1\"`, and what \
                           `#[injectable]` takes: `#[controller(\"/orders\", version = \"1\")]`";
            syn::Error::new(span, message)
        };
        let name: Ident = input
            .call(Ident::parse_any)
            .map_err(|error| unknown(error.span()))?;
        match name.to_string().as_str() {
            "version" if self.versions.is_some() => Err(syn::Error::new(
                name.span(),
                "`version` is given twice: join them into one, `[\"1\", \"2\"]`",
            )),
            "version" => {
                input.parse::<Token![=]>()?;
                self.versions = Some(input.parse()?);
                Ok(())
            }
            "scope" | "bind" | "metadata" | "provided_in" => {
                let value = up_to_comma(input)?;
                self.injectable.push(quote!(#name #value));
                Ok(())
            }
            _ => Err(unknown(name.span())),
        }
    }
}

/// The tokens before the next comma that is in no brackets of any kind.
fn up_to_comma(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    let mut depth = 0_i32;
    while !input.is_empty() && (depth > 0 || !input.peek(Token![,])) {
        if input.peek(Token![<]) {
            depth += 1;
        } else if input.peek(Token![>]) {
            depth -= 1;
        }
        tokens.extend(Some(input.parse::<proc_macro2::TokenTree>()?));
    }
    Ok(tokens)
}

fn expanded(arguments: &Arguments, item: &ItemStruct) -> TokenStream {
    let http = http(item.ident.span());
    let name = &item.ident;
    let (generics, type_arguments, bounds) = item.generics.split_for_impl();
    let is_injectable = item.attrs.iter().any(|attribute| {
        let last = attribute.path().segments.last();
        last.is_some_and(|last| last.ident == "injectable")
    });
    let passed = &arguments.injectable;
    let injectable = (!is_injectable)
        .then(|| quote_spanned!(item.span()=> #[::nestrs::__private::di::nestrs_injectable(#(#passed),*)]));
    let path = match &arguments.path {
        Some(RoutePath(path)) => quote!(#path),
        None => quote!(""),
    };
    let versions = Versions::code(arguments.versions.as_ref());
    quote! {
        #injectable
        #item

        #[automatically_derived]
        impl #generics #http::ControllerPath for #name #type_arguments #bounds {
            const PATH: &'static str = #path;
            const VERSIONS: #http::Versions = #versions;
        }
    }
}
