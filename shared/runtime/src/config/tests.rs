use super::*;

fn read(settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::read(|name| settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
}

#[test]
fn the_default_is_the_embedded_store_on_loopback() {
    let config = read(&[("ROSTER_LISTEN", "")]).unwrap();
    assert_eq!(config.storage.as_str(), "sqlite:roster.db");
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!((config.max_upload_bytes, config.image_memory_bytes), (16 * 1024 * 1024, 160 * 1024 * 1024));
}

#[test]
fn loopback_in_any_notation_needs_no_authentication() {
    for address in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        assert_eq!(read(&[("ROSTER_LISTEN", address)]).unwrap().auth, Auth::Off, "{address}");
    }
    for address in ["0.0.0.0:1", "[::]:1", "[::ffff:0.0.0.0]:1", "10.0.0.1:1"] {
        assert_eq!(read(&[("ROSTER_LISTEN", address)]).unwrap_err().name, "ROSTER_AUTH", "{address}");
    }
}

#[test]
fn each_bad_setting_is_one_line_that_names_it() {
    for (name, value) in [
        ("ROSTER_LISTEN", "8080"),
        ("ROSTER_PUBLIC_URL", "users.example.org"),
        ("ROSTER_PUBLIC_URL", "ftp://users.example.org"),
        ("ROSTER_PUBLIC_URL", "http://x:99999"),
        ("ROSTER_PUBLIC_URL", "http://x:/"),
        ("ROSTER_PUBLIC_URL", "http://x/a\\b"),
        ("ROSTER_AVATAR_BASE_URL", "https://cdn.example.org/?a=b"),
        ("ROSTER_MANAGEMENT_LISTEN", "8081"),
        ("ROSTER_ENVIRONMENT", "Prod"),
        ("ROSTER_CONFIG_ENVIRONMENT", "a b"),
        ("ROSTER_AUTH", "basic"),
        ("ROSTER_AUTH_ISSUER", "issuer"),
        ("ROSTER_AUTH_ISSUER", "http://issuer.example.org"),
        ("ROSTER_AUTH_ISSUER", "http://10.0.0.1:8080/realms/people"),
        ("ROSTER_AUTH_ISSUER", "http://localhost.example.org"),
        ("ROSTER_CORS_ORIGINS", "*"),
        ("ROSTER_CORS_ORIGINS", "https://a.example.org/path"),
        ("ROSTER_CORS_ORIGINS", "https://a.example.org,"),
        ("ROSTER_EVENTS_QUEUE_URL", "avatar-events"),
        ("ROSTER_DEAD_LETTERS_URL", "sqs:dead"),
        ("ROSTER_CACHE_BYTES", "64 MiB"),
        ("ROSTER_DEFAULT_IMAGE_HOSTS", "https://images.example.org"),
        ("ROSTER_DEFAULT_IMAGE_HOSTS", "a.example.org,"),
        ("ROSTER_INITIALS", "1"),
        ("ROSTER_DEMO", "yes"),
        ("ROSTER_MAX_UPLOAD_BYTES", "33554433"),
        ("ROSTER_MAX_UPLOAD_BYTES", "-1"),
        ("ROSTER_IMAGE_MEMORY", "lots"),
        ("ROSTER_LOG", "xml"),
        ("ROSTER_DRAIN", "5"),
        ("ROSTER_DRAIN", "99999999999999999999s"),
    ] {
        let error = read(&[(name, value)]).unwrap_err();
        assert_eq!(error.name, name);
        assert!(error.to_string().starts_with(&format!("{name}: `{value}` must be ")), "{error}");
        assert!(!error.to_string().contains('\n'));
    }
}

#[test]
fn a_url_may_have_a_port_and_a_path_and_loses_its_last_slash() {
    for (value, kept) in [
        ("https://users.example.org:8443/avatars/", "https://users.example.org:8443/avatars"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ] {
        assert_eq!(read(&[("ROSTER_PUBLIC_URL", value)]).unwrap().public_url.as_deref(), Some(kept));
    }
}

#[test]
fn an_address_beyond_loopback_requires_auth_to_be_set() {
    let error = read(&[("ROSTER_LISTEN", "0.0.0.0:8080")]).unwrap_err();
    assert_eq!(error.name, "ROSTER_AUTH");
    assert!(read(&[("ROSTER_LISTEN", "0.0.0.0:8080"), ("ROSTER_AUTH", "off")]).is_ok());
    assert!(read(&[("ROSTER_LISTEN", "[::1]:8080")]).is_ok());
}

#[test]
fn flags_are_the_names_in_kebab_case() {
    assert!(SETTINGS.iter().any(|setting| setting.flag() == "public-url"));
}

#[test]
fn a_missing_required_setting_is_named() {
    let aws = [
        ("ROSTER_STORAGE", "aws"),
        ("ROSTER_USERS_TABLE", "users"),
        ("ROSTER_PUBLIC_URL", "https://users.example.org"),
        ("ROSTER_ENVIRONMENT", "prod"),
    ];
    let oidc = [
        ("ROSTER_AUTH", "oidc"),
        ("ROSTER_AUTH_ISSUER", "https://issuer.example.org/"),
        ("ROSTER_AUTH_AUDIENCE", "roster"),
    ];
    for settings in [aws.as_slice(), &oidc] {
        assert!(read(settings).is_ok());
        for left_out in 1..settings.len() {
            let mut some = settings.to_vec();
            let (name, _) = some.remove(left_out);
            let error = read(&some).unwrap_err();
            assert!(error.to_string().starts_with(&format!("{name}: must be set with ROSTER_")), "{error}");
        }
    }
    assert_eq!(read(&aws).unwrap().require_bucket().unwrap_err().name, "ROSTER_AVATARS_BUCKET");
    assert!(read(&[]).unwrap().require_bucket().is_ok());
    assert_eq!(read(&aws).unwrap().require_queues().unwrap_err().name, "ROSTER_EVENTS_QUEUE_URL");
    assert!(read(&[]).unwrap().require_queues().is_ok());
    let issuer = "https://issuer.example.org/".to_owned();
    assert_eq!(read(&oidc).unwrap().auth, Auth::Oidc { issuer, audience: "roster".to_owned() });
}

#[test]
fn a_database_requires_an_environment_and_no_name_of_aws() {
    let storage = ("ROSTER_STORAGE", "postgres://roster@db/users");
    assert_eq!(read(&[storage]).unwrap_err().name, "ROSTER_ENVIRONMENT");
    let settings =
        [storage, ("ROSTER_ENVIRONMENT", "prod"), ("PGPASSWORD", "secret"), ("PGPASSFILE", "pgpass")];
    let config = read(&settings).unwrap();
    assert!(config.is_shared() && !config.is_aws());
    assert!(config.require_bucket().is_ok() && config.require_queues().is_ok());
    let password = &config.storage_password;
    assert_eq!((password.text.as_deref(), password.passfile.as_deref()), (Some("secret"), Some("pgpass")));
    assert!(!format!("{config:?}").contains("secret"));
}

#[test]
fn a_function_requires_auth_to_be_set() {
    let read =
        |auth: &'static str| Config::read_function(|name| (name == "ROSTER_AUTH").then(|| auth.to_owned()));
    assert_eq!(read("").unwrap_err().name, "ROSTER_AUTH");
    assert_eq!(read("off").unwrap().auth, Auth::Off);
}

#[test]
fn a_worker_does_not_require_auth_to_be_set() {
    let config = Config::read_worker(|name| (name == "ROSTER_LISTEN").then(|| "0.0.0.0:80".to_owned()));
    assert_eq!(config.unwrap().listen.port(), 80);
}

#[test]
fn environments_that_are_set_must_agree() {
    let expected = |process: &str, settings: &str| {
        read(&[("ROSTER_ENVIRONMENT", process), ("ROSTER_CONFIG_ENVIRONMENT", settings)])
            .unwrap()
            .expected_environment()
    };
    assert_eq!(expected("", "").unwrap(), None);
    for (process, settings) in [("prod", ""), ("", "prod"), ("prod", "prod")] {
        assert_eq!(expected(process, settings).unwrap().unwrap().as_str(), "prod");
    }
    let line = expected("prod", "beta").unwrap_err().to_string();
    assert!(line.contains("prod") && line.contains("beta"), "{line}");
}

#[test]
fn origins_are_a_list() {
    let config = read(&[("ROSTER_CORS_ORIGINS", "https://a.example.org, http://localhost:3000")]).unwrap();
    assert_eq!(config.cors_origins, ["https://a.example.org", "http://localhost:3000"]);
}
