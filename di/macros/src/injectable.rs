//! `#[injectable]`: a description of a type and a function that builds it.

mod constructor;
mod fields;
mod token;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Expr, Generics, Item, ItemStruct, Token, Type, TypeTraitObject};

use crate::input::Input;
use crate::{Home, args};

pub(crate) fn expand(
    args: TokenStream,
    item: TokenStream,
    home: Home,
) -> Result<TokenStream, (syn::Error, TokenStream)> {
    let span = args.span();
    let expanded = Options::parse.parse2(args).and_then(|options| match syn::parse2(item.clone())? {
        Item::Struct(item) => fields::expand(item, &options, home),
        Item::Impl(item) => constructor::expand(item, &options, home),
        Item::Trait(item) if options.is_empty() => token::expand(&item, home),
        Item::Trait(_) => Err(syn::Error::new(span, "`#[injectable]` on a trait takes no arguments")),
        other => Err(syn::Error::new(
            other.span(),
            "`#[injectable]` goes on a struct, on an `impl` with a `#[constructor]`, or on a trait that is injected as `Arc<dyn …>`",
        )),
    });
    expanded.map_err(|error| (error, stand_in(item, home)))
}

/// A module's instance: its fields are injected like any type's.
pub(crate) fn host(item: &mut ItemStruct, home: Home) -> syn::Result<TokenStream> {
    fields::implementation(item, &Options::default(), home)
}

/// The item as the compiler can take it, so that the macro's error stands alone. A
/// type can be listed and asked for, whatever it consists of.
fn stand_in(item: TokenStream, home: Home) -> TokenStream {
    match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Struct(mut item)) => {
            item.fields
                .iter_mut()
                .for_each(|field| field.attrs.retain(|attr| !attr.path().is_ident("inject")));
            // What borrows can be no provider at all.
            if item.generics.lifetimes().next().is_some() {
                return item.into_token_stream();
            }
            let (di, name) = (home.di(), &item.ident);
            let (generics, arguments, bounds) = item.generics.split_for_impl();
            quote! {
                #item
                impl #generics #di::Injectable for #name #arguments #bounds {
                    const DESCRIPTOR: &'static #di::Descriptor = &#di::Descriptor::supplied(#di::Key::of::<Self>());
                }
            }
        }
        Ok(Item::Impl(item)) => constructor::stripped(item).into_token_stream(),
        _ => item,
    }
}

/// The attribute's arguments.
#[derive(Default)]
struct Options {
    /// Where it says so.
    in_root: Option<Span>,
    scope: Option<&'static str>,
    bind: Vec<TypeTraitObject>,
    metadata: Vec<Expr>,
}

const SCOPES: [(&str, &str); 4] = [
    ("singleton", "Singleton"),
    ("transient", "Transient"),
    ("request", "Request"),
    ("inherit", "Inherit"),
];

const MEANT: [(&str, &str); 5] = [
    ("singleton", "scope = \"singleton\""),
    ("transient", "scope = \"transient\""),
    ("request", "scope = \"request\""),
    ("inherit", "scope = \"inherit\""),
    ("root", "provided_in = \"root\""),
];

impl Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Self::default();
        args::each(
            input,
            &["provided_in", "scope", "bind", "metadata"],
            &MEANT,
            |name, input| {
                match name.to_string().as_str() {
                    "provided_in" => {
                        args::word(input, &["root"])?;
                        options.in_root = Some(name.span());
                    }
                    "scope" => {
                        let word = args::word(input, &SCOPES.map(|(word, _)| word))?;
                        options.scope = SCOPES
                            .iter()
                            .find(|(known, _)| *known == word)
                            .map(|(_, variant)| *variant);
                    }
                    "bind" => {
                        options.bind = one_or_more(input)?
                            .into_iter()
                            .map(object)
                            .collect::<Result<_, _>>()?
                    }
                    _ => options.metadata = one_or_more(input)?,
                }
                Ok(())
            },
        )?;
        Ok(options)
    }

    fn is_empty(&self) -> bool {
        self.in_root.is_none()
            && self.scope.is_none()
            && self.bind.is_empty()
            && self.metadata.is_empty()
    }
}

/// `= value` or `= [value, …]`
fn one_or_more<T: syn::parse::Parse>(input: ParseStream<'_>) -> syn::Result<Vec<T>> {
    if input.peek2(syn::token::Bracket) {
        return args::list(input);
    }
    input.parse::<Token![=]>()?;
    Ok(vec![input.parse()?])
}

fn object(ty: Type) -> syn::Result<TypeTraitObject> {
    match ty {
        Type::TraitObject(object) => Ok(object),
        other => {
            let written = as_written(&other);
            Err(syn::Error::new(
                other.span(),
                format!("what is bound is a trait: write `bind = dyn {written}`"),
            ))
        }
    }
}

/// What is described: a type, and how it is built.
struct Described<'a> {
    ty: &'a Type,
    generics: &'a Generics,
    at: TokenStream,
    inputs: Vec<Input>,
    constructor: Constructor,
}

/// What builds it: `_resolved` has what was asked for.
struct Constructor {
    asynchronous: bool,
    body: TokenStream,
}

fn describe(described: &Described<'_>, options: &Options, home: Home) -> syn::Result<TokenStream> {
    let di = home.di();
    let Described {
        ty,
        generics,
        at,
        inputs,
        constructor: Constructor { asynchronous, body },
    } = described;
    let (build, made) = match asynchronous {
        true => (quote!(Async), quote!(BuildFuture)),
        false => (quote!(Sync), quote!(Handle)),
    };
    let (parameters, _, bounds) = generics.split_for_impl();
    let scope = quote::format_ident!("{}", options.scope.unwrap_or("Singleton"));
    let dependencies = inputs.iter().filter_map(|input| input.dependency(home));
    let metadata = &options.metadata;
    let views = options.bind.iter().map(|object| view(object, at, &di));
    if let (Some(span), false) = (options.in_root, generics.params.is_empty()) {
        return Err(syn::Error::new(
            span,
            "a generic type is many types: list the ones that are wanted, `providers = [Repository<User>]`",
        ));
    }
    if let Some(lifetime) = generics.lifetimes().next() {
        return Err(syn::Error::new(
            lifetime.span(),
            "the application owns what it builds, so that cannot borrow: instead of a reference, inject an `Arc<…>`",
        ));
    }
    let in_root = options.in_root.is_some();
    let registered = generics.params.is_empty().then(|| match in_root {
        true => {
            quote!(#di::inventory::submit! { #di::InRoot(<#ty as #di::Injectable>::DESCRIPTOR) })
        }
        false => {
            quote!(#di::inventory::submit! { #di::Registered(<#ty as #di::Construct>::describe) })
        }
    });
    Ok(quote! {
        #[automatically_derived]
        impl #parameters #di::Injectable for #ty #bounds {
            const DESCRIPTOR: &'static #di::Descriptor = &#di::Descriptor {
                key: #di::Key::of::<Self>(),
                at: #at,
                scope: #di::Scope::#scope,
                in_root: #in_root,
                dependencies: #di::Cow::Borrowed(&[#(#dependencies),*]),
                build: #di::Build::#build(<Self as #di::Construct>::construct),
                // Asks the compiler which hooks the type has.
                hooks: {
                    #[allow(unused_imports)]
                    use #di::NoHook as _;
                    #di::Hooks([
                        #di::Probe::<Self>::INIT,
                        #di::Probe::<Self>::BOOTSTRAP,
                        #di::Probe::<Self>::DESTROY,
                        #di::Probe::<Self>::BEFORE_SHUTDOWN,
                        #di::Probe::<Self>::SHUTDOWN,
                        #di::Probe::<Self>::HEALTH,
                    ])
                },
                views: &[#(#views),*],
                view: false,
                metadata: &[#(&#metadata),*],
            };
        }
        #[automatically_derived]
        impl #parameters #di::Construct for #ty #bounds {
            type Made = #di::#made;
            fn describe() -> &'static #di::Descriptor {
                <Self as #di::Injectable>::DESCRIPTOR
            }
            fn construct(_resolved: &mut #di::Resolved<'_>) -> ::core::result::Result<#di::#made, #di::Cause> {
                #body
            }
        }
        #registered
    })
}

/// The type as a trait object.
fn view(object: &TypeTraitObject, at: &TokenStream, di: &TokenStream) -> TokenStream {
    let shown = quote::quote_spanned!(object.span()=> {
        let object: ::std::sync::Arc<#object> =
            <#di::Field<::std::sync::Arc<Self>>>::take::<::std::sync::Arc<Self>>(resolved)?;
        #di::Handle::of_trait::<#object>(object)
    });
    quote! {
        &#di::Descriptor {
            key: #di::Key::of::<#object>(),
            at: #at,
            scope: #di::Scope::Singleton,
            in_root: false,
            dependencies: #di::Cow::Borrowed(&[#di::Dependency {
                request: <::std::sync::Arc<Self> as #di::Inject>::REQUEST,
                written: "bind",
                at: #at,
            }]),
            build: #di::Build::Sync(|resolved| ::core::result::Result::Ok(#shown)),
            hooks: #di::Hooks::NONE,
            views: &[],
            view: true,
            metadata: &[],
        }
    }
}

/// A type's tokens with the spaces a person would put.
pub(crate) fn as_written(ty: &Type) -> String {
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
