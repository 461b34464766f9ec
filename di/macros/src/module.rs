//! `#[module]`: a definition that lists what the attribute lists.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Expr, Fields, ItemStruct, Token, Type};

use crate::{Home, args, injectable, location, path_at};

const ARGUMENTS: [&str; 6] = [
    "imports",
    "providers",
    "exports",
    "global",
    "controllers",
    "microservices",
];

pub(crate) fn expand(
    args: TokenStream,
    item: TokenStream,
    home: Home,
) -> Result<TokenStream, (syn::Error, TokenStream)> {
    let Ok(module) = syn::parse2::<ItemStruct>(item.clone()) else {
        let message = "`#[module]` goes on a struct: `struct AppModule;`";
        return Err((syn::Error::new(item.span(), message), item));
    };
    let arguments = (|input: ParseStream<'_>| Arguments::parse(input, home)).parse2(args);
    let (arguments, error) = match arguments {
        Ok(arguments) => (arguments, None),
        Err(error) => (Arguments::default(), Some(error)),
    };
    match (error, whole(module, &arguments, home)) {
        (None, expanded) => expanded.map_err(|error| (error, item)),
        // It is a module, whatever it lists: who imports or checks it has no error.
        (Some(error), Ok(expanded)) => Err((error, expanded)),
        (Some(mut error), Err(another)) => {
            error.combine(another);
            Err((error, item))
        }
    }
}

fn whole(mut item: ItemStruct, arguments: &Arguments, home: Home) -> syn::Result<TokenStream> {
    let implementation = implement(&item, arguments, home);
    let value = value(&item, home)?;
    let host = injectable::host(&mut item, home)?;
    Ok(quote!(#item #implementation #value #host))
}

#[derive(Default)]
struct Arguments {
    imports: Vec<Expr>,
    providers: Vec<Entry>,
    exports: Vec<Type>,
    controllers: Vec<Type>,
    microservices: Vec<Type>,
    global: bool,
}

/// One of `providers`.
enum Entry {
    Type(Type),
    Value(Expr),
}

impl Parse for Entry {
    /// `Repo<User>` is a type although it begins like a comparison: what is no whole expression is a type.
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let fork = input.fork();
        match fork.parse::<Expr>() {
            Ok(expr)
                if !matches!(expr, Expr::Path(_)) && (fork.is_empty() || fork.peek(Token![,])) =>
            {
                input.advance_to(&fork);
                Ok(Self::Value(expr))
            }
            _ => input.parse().map(Self::Type),
        }
    }
}

impl Arguments {
    fn parse(input: ParseStream<'_>, home: Home) -> syn::Result<Self> {
        let mut arguments = Self::default();
        args::each(input, &ARGUMENTS, &[], |name, input| {
            match name.to_string().as_str() {
                "imports" => arguments.imports = args::list(input)?,
                "providers" => arguments.providers = args::list(input)?,
                "exports" => arguments.exports = args::types(name, input)?,
                "global" => arguments.global = args::flag(input)?,
                _ if home == Home::Di => return Err(needs_nestrs(name)),
                "controllers" => arguments.controllers = args::types(name, input)?,
                _ => arguments.microservices = args::types(name, input)?,
            }
            Ok(())
        })?;
        Ok(arguments)
    }
}

fn needs_nestrs(name: &Ident) -> syn::Error {
    syn::Error::new(
        name.span(),
        format!("`{name}` needs the `nestrs` crate: there, write `#[nestrs::module(…)]`"),
    )
}

fn implement(item: &ItemStruct, arguments: &Arguments, home: Home) -> TokenStream {
    let di = home.di();
    let name = &item.ident;
    let (generics, type_arguments, bounds) = item.generics.split_for_impl();
    let Arguments {
        imports,
        providers,
        exports,
        controllers,
        microservices,
        global,
    } = arguments;

    let imports = imports
        .iter()
        .map(|import| quote_spanned!(import.span()=> .import(#import)));
    let providers = provide(providers, home);
    let exports = exports
        .iter()
        .map(|ty| quote_spanned!(ty.span()=> .export::<#ty>()));
    let global = global.then(|| quote!(.global(true)));
    let handlers = |types: &[Type], function: TokenStream| -> TokenStream {
        let calls = types.iter().map(|ty| {
            quote_spanned!(ty.span()=> let definition = ::nestrs::__private::#function::<#ty>(definition);)
        });
        calls.collect()
    };
    let controllers = handlers(controllers, quote!(controller));
    let microservices = handlers(microservices, quote!(microservice));
    let here = location(name.span(), home);

    quote! {
        #[automatically_derived]
        impl #generics #di::Module for #name #type_arguments #bounds {
            fn definition() -> #di::ModuleDefinition {
                let definition = #di::ModuleDefinition::of::<Self>().at(#here) #(#imports)* #(#providers)* #(#exports)* #global
                    .provide_type_once::<Self>();
                #controllers
                #microservices
                definition
            }
        }
    }
}

/// Calls that list the providers in their order. Types in a row are a constant: no code runs for each of them.
fn provide(providers: &[Entry], home: Home) -> Vec<TokenStream> {
    let di = home.di();
    let of = |entry: &Entry| match entry {
        Entry::Type(ty) => {
            let of = path_at(ty.span(), home, quote!(Provider::of));
            Some(quote_spanned!(ty.span()=> #of::<#ty>()))
        }
        Entry::Value(_) => None,
    };
    let is_type = |entry: &Entry| matches!(entry, Entry::Type(_));
    let rows = providers.chunk_by(|one, next| is_type(one) && is_type(next));
    rows.map(|row| match row {
        [Entry::Value(expr)] => {
            quote_spanned!(expr.span()=> .provide(#di::Provider::from(#expr)))
        }
        types => {
            let types = types.iter().filter_map(of);
            quote!(.provide_all(const { &[#(#types),*] }))
        }
    })
    .collect()
}

/// A unit struct is a value, so it can stand in `imports`. One with fields gets a constant of its name.
fn value(item: &ItemStruct, home: Home) -> syn::Result<Option<TokenStream>> {
    if let Fields::Unnamed(fields) = &item.fields {
        return Err(syn::Error::new(
            fields.span(),
            "the fields of a module have names: `struct AppModule { pool: Arc<Pool> }`",
        ));
    }
    if matches!(item.fields, Fields::Unit) || !item.generics.params.is_empty() {
        return Ok(None);
    }
    let (di, name, visibility) = (home.di(), &item.ident, &item.vis);
    Ok(Some(quote! {
        #[allow(non_upper_case_globals, dead_code)]
        #[doc(hidden)]
        #visibility const #name: #di::ModuleImport = #di::ModuleImport::of::<#name>();
    }))
}
