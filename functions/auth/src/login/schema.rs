//! The page of [`LoginIn`] in the OpenAPI document: each combination that is accepted, and no other.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, schema::Type},
};

use super::input::{LoginIn, PasswordCredentials};
use crate::{
    fields::{Attempt, Device, Identifier, Platform},
    guest::GuestCredentials,
    oauth::{CodeCredentials, OauthCredentials},
};

impl PartialSchema for LoginIn {
    fn schema() -> RefOr<Schema> {
        let plain = ObjectBuilder::new()
            .description(Some("A password login without further words."))
            .property("username", Identifier::schema())
            .required("username")
            .property("password", Attempt::schema())
            .required("password");
        OneOfBuilder::new()
            .item(on_a_device(plain))
            .item(typed(&["password"], &PasswordCredentials::name()))
            .item(typed(&["guest"], &GuestCredentials::name()))
            .item(typed(&["oauth"], &OauthCredentials::name()))
            .item(typed(&["wechat_code", "alipay_code", "douyin_code"], &CodeCredentials::name()))
            .into()
    }
}

fn typed(login_types: &[&str], credentials: &str) -> ObjectBuilder {
    let word = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(login_types.to_vec()));
    let login = ObjectBuilder::new()
        .property("login_type", word)
        .required("login_type")
        .property("credentials", Ref::from_schema_name(credentials))
        .required("credentials");
    on_a_device(login)
}

fn on_a_device(login: ObjectBuilder) -> ObjectBuilder {
    login
        .property("platform", Ref::from_schema_name(Platform::name()))
        .property("device", Ref::from_schema_name(Device::name()))
}

impl ToSchema for LoginIn {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        fn add<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            schemas.push((T::name().into_owned(), T::schema()));
            T::schemas(schemas);
        }
        add::<PasswordCredentials>(schemas);
        add::<GuestCredentials>(schemas);
        add::<OauthCredentials>(schemas);
        add::<CodeCredentials>(schemas);
        add::<Device>(schemas);
        add::<Platform>(schemas);
    }
}
