//! `#[micro_routes]`, `#[grpc_service]` and `#[event_routes]`: the `impl` block comes out as it
//! went in, without our attributes, and beside it a table of its handlers or
//! listeners as constant data.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{ImplItem, ItemImpl};

use crate::attribute::{Attributes, join};
use crate::grpc::Service;
use crate::table::{self, Patterns, Table};

/// With errors, the table is there all the same, without entries: whoever lists
/// the type gets no errors that come from these.
pub(crate) fn expand(args: TokenStream, mut block: ItemImpl, table: Table) -> TokenStream {
    let mut errors: Vec<_> = check(&args, &block, table).err().into_iter().collect();
    let service = match table {
        Table::Grpc => match syn::parse2::<Service>(args) {
            Ok(service) => Some(service),
            Err(error) => {
                errors.push(error);
                None
            }
        },
        _ => None,
    };
    let mut entries = Vec::new();
    let mut enhancers = None;
    match Attributes::take_of_block(&mut block.attrs, table) {
        Ok(attributes) if attributes.first.is_some() => enhancers = Some(attributes.enhancers()),
        Ok(_) => {}
        Err(error) => errors.push(error),
    }
    let is_generic = !block.generics.params.is_empty();
    // An `impl` of a trait is taken for one of a contract; what is none has no
    // patterns, which rustc says.
    let contract = match (table, &block.trait_) {
        (Table::Handlers, Some((path, _))) => Some(path.clone()),
        _ => None,
    };
    for item in &mut block.items {
        let patterns = match (&contract, &service) {
            (Some(contract), _) => Patterns::Contract(contract),
            (None, Some(service)) => Patterns::Service(service),
            (None, None) => Patterns::Attributes,
        };
        if let ImplItem::Fn(method) = item {
            match table::entry(method, table, patterns, is_generic) {
                Ok(entry) => entries.extend(entry),
                Err(error) => errors.push(error),
            }
        }
    }
    let Some(errors) = errors.into_iter().reduce(join) else {
        let table = table::write(&block, table, enhancers, &entries);
        return quote!(#block #table);
    };
    let errors = errors.into_compile_error();
    let table = match table {
        Table::Handlers | Table::Grpc => table::write(&block, table, None, &[]),
        Table::Listeners => TokenStream::new(),
    };
    quote!(#errors #block #table)
}

fn check(args: &TokenStream, block: &ItemImpl, table: Table) -> syn::Result<()> {
    let name = table.attribute();
    if !args.is_empty() && table != Table::Grpc {
        let message = format!("`#[{name}]` takes no arguments: remove them");
        return Err(syn::Error::new_spanned(args, message));
    }
    if let Some((path, _)) = &block.trait_
        && table != Table::Handlers
    {
        let message =
            format!("`#[{name}]` stands on the type's own `impl` block, not on one of a trait");
        return Err(syn::Error::new_spanned(path, message));
    }
    if table == Table::Listeners && !block.generics.params.is_empty() {
        let message = "listeners are found at link time, where a generic type is not there yet: \
                       write the block for a concrete type, as `impl Audit<User>`";
        return Err(syn::Error::new_spanned(&block.generics.params, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn expanded(args: TokenStream, block: ItemImpl, table: Table) -> String {
        expand(args, block, table).to_string()
    }

    fn handlers(block: ItemImpl) -> String {
        expanded(TokenStream::new(), block, Table::Handlers)
    }

    /// How often one stands in the other, both as tokens.
    fn count(text: &str, tokens: TokenStream) -> usize {
        text.matches(&tokens.to_string()).count()
    }

    #[test]
    fn methods_with_patterns_get_an_entry_and_the_others_do_not() {
        let text = handlers(parse_quote! {
            impl Math {
                #[message_pattern("a")]
                async fn a(&self) {}
                #[event_pattern("b")]
                #[cfg(feature = "b")]
                async fn b(&self, payload: u8) {}
                fn plain(&self) {}
            }
        });
        assert_eq!(count(&text, quote!(compile_error)), 0);
        assert_eq!(count(&text, quote!(Location::caller)), 2);
        assert_eq!(count(&text, quote!(message_pattern)), 0);
        assert_eq!(count(&text, quote!(#[cfg(feature = "b")])), 2);
        assert_eq!(count(&text, quote!(let _ = &payload;)), 1);
        assert_eq!(count(&text, quote!(fn plain)), 1);
    }

    #[test]
    fn generic_types_have_handlers() {
        let text = handlers(parse_quote! {
            impl<T: Entity> Crud<T> where T: Clone {
                #[message_pattern("a")]
                async fn a(&self, entity: T) {}
            }
        });
        let table = quote!(impl<T: Entity> ::nestrs::__private::micro::MicroRoutes for Crud<T> where T: Clone);
        assert_eq!(count(&text, table), 1);
    }

    #[test]
    fn generic_types_have_no_listeners() {
        let block: ItemImpl = parse_quote! {
            impl<T> Audit<T> {
                #[on_event("a")]
                async fn a(&self) {}
            }
        };
        let text = expanded(TokenStream::new(), block, Table::Listeners);
        assert!(text.contains("found at link time"), "{text}");
        let block: ItemImpl = parse_quote! {
            impl Audit<User> {
                #[on_event("a")]
                async fn a(&self) {}
            }
        };
        let text = expanded(TokenStream::new(), block, Table::Listeners);
        assert_eq!(count(&text, quote!(compile_error)), 0);
        assert_eq!(count(&text, quote!(EventRoutes for Audit<User>)), 1);
    }

    #[test]
    fn errors_stand_beside_the_block_and_an_empty_table() {
        let text = handlers(parse_quote! {
            impl Math {
                #[message_pattern(1u8)]
                async fn a(&self) {}
                #[message_pattern("b")]
                fn b(&self) {}
            }
        });
        assert_eq!(count(&text, quote!(compile_error)), 2);
        assert_eq!(
            count(
                &text,
                quote!(
                    async fn a(&self) {}
                )
            ),
            1
        );
        assert_eq!(count(&text, quote!(= &[];)), 1);
    }

    #[test]
    fn only_a_types_own_block_has_listeners() {
        let block: ItemImpl = parse_quote!(
            impl Clone for Math {}
        );
        let text = expanded(TokenStream::new(), block, Table::Listeners);
        assert!(text.contains("not on one of a trait"), "{text}");
        let block: ItemImpl = parse_quote!(
            impl Math {}
        );
        let text = expanded(quote!("math"), block.clone(), Table::Handlers);
        assert!(text.contains("takes no arguments"), "{text}");
    }

    #[test]
    fn every_method_of_a_contract_gets_an_entry() {
        let text = handlers(parse_quote! {
            impl contracts::Math for MathService {
                async fn add(&self) {}
                #[use_micro_guards(TokenGuard)]
                async fn reset(&self) {}
            }
        });
        assert_eq!(count(&text, quote!(compile_error)), 0);
        let patterns = quote!(patterns: <Self as contracts::Math>::__PATTERNS_OF_reset);
        assert_eq!(count(&text, patterns), 1);
        // With something around it, and without.
        let call = quote!(<Self as contracts::Math>::add(&service,));
        assert_eq!(count(&text, call), 2);
        let text = handlers(parse_quote! {
            impl Math for MathService {
                #[message_pattern("add")]
                async fn add(&self) {}
            }
        });
        assert!(
            text.contains("the `#[message_contract]` says this message's pattern"),
            "{text}"
        );
    }
}
