//! The way out through a forward proxy: `proxy` and `no_proxy` of `[delivery]` and of routes, else
//! `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` of the environment (contract, section 3).

use url::{Host, Url};

use super::reader::{Document, Section};
use super::secret_name::is_secret_name;
use super::secrets::read_secret;
use super::spoiled_url::is_spoiled_by_blank;
use super::{ConfigError, Environment, Expected, Kind, Location};
use crate::delivery::proxy::{Direct, Proxies, Proxy, ProxySource};

/// What the file says about the way out.
#[derive(Clone, Debug)]
pub struct ProxyConfig {
    /// The key that says it, such as `delivery.proxy`.
    key: &'static str,
    /// The proxy.
    proxy: ProxySetting,
    /// What is reached directly all the same.
    direct: Vec<Direct>,
}

/// Which proxy the file names.
#[derive(Clone, Debug)]
enum ProxySetting {
    /// None: that of the environment.
    OfTheEnvironment,
    /// This one.
    Url(Url),
    /// The one that this secret holds.
    Secret(String),
}

impl ProxyConfig {
    /// The name of the secret that holds the proxy, when it is one.
    pub(super) fn secret_name(&self) -> Option<&str> {
        match &self.proxy {
            ProxySetting::Secret(name) => Some(name),
            ProxySetting::OfTheEnvironment | ProxySetting::Url(_) => None,
        }
    }
}

/// Reads `proxy` and `no_proxy` of `[delivery]` or of a route. None: neither is there.
pub(super) fn read(
    document: &mut Document<'_>,
    section: &mut Section<'_>,
    key: &'static str,
) -> Option<ProxyConfig> {
    let given = section.has("proxy") || section.has("no_proxy");
    let default = ProxySetting::OfTheEnvironment;
    let proxy = section.parsed(document, "proxy", default, Expected::Proxy, named);
    let direct = section.list(
        document,
        "no_proxy",
        Vec::new(),
        Expected::DirectHosts,
        |entry| Direct::parse(entry.as_str()?),
    );
    given.then_some(ProxyConfig { key, proxy, direct })
}

fn named(text: &str) -> Option<ProxySetting> {
    if text.is_empty() {
        return Some(ProxySetting::OfTheEnvironment);
    }
    if is_secret_name(text) {
        return Some(ProxySetting::Secret(text.to_owned()));
    }
    let url = proxy_url(text).filter(is_alone)?;
    let bare = url.username().is_empty() && url.password().is_none();
    bare.then_some(ProxySetting::Url(url))
}

/// The URL of a proxy: scheme, host and perhaps a port, user and password. Without a scheme it is `http://`, as
/// everybody takes `HTTPS_PROXY=proxy.example:3128`, and then a port must be there: a word alone is more likely
/// a slip than a host. A path in a variable, which is for other programs too, means nothing to a proxy.
fn proxy_url(text: &str) -> Option<Url> {
    let text = text.trim();
    let url = if text.contains("://") {
        Url::parse(text).ok()?
    } else {
        let port = text.trim_end_matches('/').rsplit_once(':')?.1;
        port.parse::<u16>().ok()?;
        Url::parse(&format!("http://{text}"))
            .ok()
            .filter(is_alone)?
    };
    let reached = url.host().is_some_and(|host| names_a_host(&host)) && url.port() != Some(0);
    let fits = matches!(url.scheme(), "http" | "https") && reached;
    fits.then_some(url)
}

/// Whether nothing follows the host. A path would be that of something else, such as a script that chooses proxies.
fn is_alone(url: &Url) -> bool {
    matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none()
}

/// Dots and hyphens alone name nobody.
fn names_a_host(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.contains(|c: char| c.is_alphanumeric()),
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    }
}

/// The proxies that the file and the environment give; what is missing is a mistake.
pub(super) fn resolve(
    config: Option<&ProxyConfig>,
    environment: &Environment,
    errors: &mut Vec<ConfigError>,
) -> Proxies {
    let mut direct = config.map_or_else(Vec::new, |config| config.direct.clone());
    let one = match config.map(|config| (config.key, &config.proxy)) {
        None | Some((_, ProxySetting::OfTheEnvironment)) => {
            direct.extend(direct_of(environment));
            return Proxies {
                https: of_environment("HTTPS_PROXY", environment, errors),
                http: of_environment("HTTP_PROXY", environment, errors),
                direct,
            };
        }
        Some((key, ProxySetting::Url(url))) => {
            Some(Proxy::new(url.clone(), ProxySource::Configuration, key))
        }
        Some((_, ProxySetting::Secret(name))) => of_secret(name, environment, errors),
    };
    Proxies {
        https: one.clone(),
        http: one,
        direct,
    }
}

fn of_secret(
    name: &str,
    environment: &Environment,
    errors: &mut Vec<ConfigError>,
) -> Option<Proxy> {
    let before = errors.len();
    let Some(secret) = read_secret(environment, name, errors) else {
        if errors.len() == before {
            errors.extend(environment.missing(name));
        }
        return None;
    };
    let text = secret.expose();
    if is_spoiled_by_blank(text) {
        errors.push(environment.error(name, Kind::Expected(Expected::UrlWithoutBlank)));
        return None;
    }
    let url = proxy_url(text).filter(is_alone);
    if url.is_none() {
        errors.push(environment.error(name, Kind::Expected(Expected::ProxyUrl)));
    }
    url.map(|url| Proxy::new(url, ProxySource::Configuration, name))
}

/// The proxy that a variable names, in small letters or capitals, else the one that `ALL_PROXY` names. The
/// last may be of another kind, which is for other programs.
fn of_environment(
    name: &'static str,
    environment: &Environment,
    errors: &mut Vec<ConfigError>,
) -> Option<Proxy> {
    if let Some((name, text)) = variable(name, environment) {
        let url = proxy_url(text);
        if url.is_none() {
            // It is no secret: the secrets file has no say in it.
            let place = Location::Variable(name.clone());
            let kind = Kind::Expected(Expected::ProxyUrl);
            errors.push(ConfigError { place, kind });
        }
        return url.map(|url| Proxy::new(url, ProxySource::Environment, &name));
    }
    let (name, text) = variable("ALL_PROXY", environment)?;
    proxy_url(text).map(|url| Proxy::new(url, ProxySource::Environment, &name))
}

/// What `NO_PROXY` names. What is no host in it is for other programs.
fn direct_of(environment: &Environment) -> Vec<Direct> {
    let list = variable("NO_PROXY", environment).map_or("", |(_, text)| text);
    list.split([',', ' ']).filter_map(Direct::parse).collect()
}

/// A variable in small letters, as most programs have it, or else in capitals.
fn variable<'a>(name: &str, environment: &'a Environment) -> Option<(String, &'a str)> {
    [name.to_ascii_lowercase(), name.to_owned()]
        .into_iter()
        .find_map(|name| environment.var(&name).map(|text| (name.clone(), text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str, environment: &Environment) -> (Proxies, String) {
        let (mut document, mut root) = Document::parse(text);
        let mut section = root.section(&mut document, "delivery");
        let config = read(&mut document, &mut section, "delivery.proxy");
        let mut errors = Vec::new();
        let proxies = resolve(config.as_ref(), environment, &mut errors);
        let found = document.into_found();
        (proxies, format!("{found:?}{errors:?}"))
    }

    fn shown(proxy: Option<&Proxy>) -> String {
        proxy.map(ToString::to_string).unwrap_or_default()
    }

    #[test]
    fn the_file_comes_before_the_environment() {
        let environment = Environment::from([
            ("HTTPS_PROXY", "http://u:hush@a.example:8080"),
            ("http_proxy", "b.example:3128"),
            ("NO_PROXY", "c.example, 10.0.0.0/8"),
            ("PROXY_URL", "http://u:hush@d.example:1"),
        ]);
        let (proxies, wrong) = resolved("", &environment);
        assert_eq!(
            shown(proxies.https.as_ref()),
            "http://a.example:8080 (HTTPS_PROXY)"
        );
        assert_eq!(
            shown(proxies.http.as_ref()),
            "http://b.example:3128 (http_proxy)"
        );
        assert_eq!(proxies.direct.len(), 2);
        assert_eq!(wrong, "[][]");
        let file = "[delivery]\nproxy = \"http://e.example:3128\"\nno_proxy = [\"f.example\"]";
        let (proxies, _) = resolved(file, &environment);
        assert_eq!(
            shown(proxies.https.as_ref()),
            "http://e.example:3128 (delivery.proxy)"
        );
        assert_eq!(proxies.direct, [Direct::parse("f.example").unwrap()]);
        let (proxies, _) = resolved("[delivery]\nproxy = \"PROXY_URL\"", &environment);
        assert_eq!(
            shown(proxies.http.as_ref()),
            "http://d.example:1 (PROXY_URL)"
        );
        assert!(!format!("{proxies:?}").contains("hush"));
    }

    #[test]
    fn a_mistake_is_told_where_it_stands() {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("config.toml");
        std::fs::write(directory.path().join("secrets.env"), "\nPROXY_URL=hush\n").unwrap();
        let variables = [
            ("https_proxy", "socks5://hush"),
            ("HTTP_PROXY", "hush"),
            ("PROXY_URL", "http://p:1"),
        ];
        let environment = Environment::from(variables);
        let environment = environment.with_secrets_beside(&config).unwrap();
        let places = |text: &str| {
            let (mut document, mut root) = Document::parse(text);
            let mut section = root.section(&mut document, "delivery");
            let config = read(&mut document, &mut section, "delivery.proxy");
            let mut errors = Vec::new();
            resolve(config.as_ref(), &environment, &mut errors);
            let places = errors.into_iter().map(|error| error.place);
            places.collect::<Vec<_>>()
        };
        let variable = |name: &str| Location::Variable(name.to_owned());
        assert_eq!(places(""), ["https_proxy", "HTTP_PROXY"].map(variable));
        let file = super::super::secrets_file(&config);
        let line = Location::line_of(&file, 2, "PROXY_URL");
        assert_eq!(places("[delivery]\nproxy = \"PROXY_URL\""), [line]);
    }

    #[test]
    fn what_works_is_taken() {
        for (text, url) in [
            ("http://p.example", "http://p.example/"),
            ("http://p.example:3128/", "http://p.example:3128/"),
            ("https://p.example:3128", "https://p.example:3128/"),
            ("p.example:3128", "http://p.example:3128/"),
            ("p:80", "http://p/"),
            ("[::1]:3128", "http://[::1]:3128/"),
            ("u:hu%40sh@p:1", "http://u:hu%40sh@p:1/"),
            ("http://u@p:1", "http://u@p:1/"),
            ("http://10.0.0.1", "http://10.0.0.1/"),
        ] {
            let read = proxy_url(text).map(String::from);
            assert_eq!(read.as_deref(), Some(url), "{text}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_a_mistake_and_is_not_repeated() {
        let nothing = Environment::default();
        for bad in [
            "http://u:hush@p.example",
            "socks5://p.example",
            "http://p/hush",
            "http://p:3128/proxy.pac",
            "http://p?hush",
            "http://p:0",
            "http://.:3128",
            "http://-",
            "http://",
            "http:p:3128",
            "http:/p:3128",
            "//p",
            "p q",
            "p",
            "p:",
            "proxy.example",
            "proxy.example/",
        ] {
            let (_, wrong) = resolved(&format!("[delivery]\nproxy = \"{bad}\""), &nothing);
            assert!(wrong.contains("delivery.proxy"), "{bad}: {wrong}");
            assert!(!wrong.contains("hush"), "{wrong}");
        }
        let (_, wrong) = resolved("[delivery]\nno_proxy = [\"a b\"]", &nothing);
        assert!(wrong.contains("delivery.no_proxy"), "{wrong}");
        let (_, wrong) = resolved("[delivery]\nproxy = \"PROXY_URL\"", &nothing);
        assert!(wrong.contains("Missing"), "{wrong}");
        let odd = Environment::from([
            ("HTTPS_PROXY", "socks5://hush"),
            ("ALL_PROXY", "socks5://x"),
        ]);
        let (proxies, wrong) = resolved("", &odd);
        assert!(
            wrong.contains("HTTPS_PROXY") && !wrong.contains("hush"),
            "{wrong}"
        );
        assert!(proxies.http.is_none());
    }
}
