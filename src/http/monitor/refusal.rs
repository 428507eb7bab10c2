//! The page that says why another one is not shown.

use askama::Template;
use hyper::StatusCode;
use hyper::header::{ALLOW, HeaderValue, RETRY_AFTER};

use super::error::PageError;
use super::frame::Frame;
use super::login::LoginPage;
use super::{FIRST, Visit, html};
use crate::http::reply::{ApiError, Reply};
use crate::language::{Language, Locale};
use crate::words::monitor::login::{self, Login};
use crate::words::monitor::upload::Upload;
use crate::words::monitor::{Frame as T, Refused, other_method};

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    frame: &'a Frame,
    text: String,
    /// Where the reader goes on, and what that is called.
    back: (&'static str, &'static str),
}

/// In place of a page that ended in a panic: nothing is known of its request any more.
#[derive(Template)]
#[template(path = "broken.html")]
struct BrokenPage {
    locale: Locale,
}

/// The page in place of one that ended in a panic.
pub(super) fn after_panic(locale: Locale) -> Reply {
    let page = BrokenPage { locale };
    html(
        StatusCode::INTERNAL_SERVER_ERROR,
        page.render().unwrap_or_default(),
    )
}

/// In place of every page while a start waits for room on the disk.
#[derive(Template)]
#[template(path = "waiting.html")]
struct WaitingPage<'a> {
    language: Language,
    /// What is wrong, and what to do.
    told: &'a str,
}

/// The page while a start waits.
pub(super) fn while_waiting(language: Language, told: &str) -> Reply {
    let page = WaitingPage { language, told };
    html(
        StatusCode::SERVICE_UNAVAILABLE,
        page.render().unwrap_or_default(),
    )
}

/// What a refusal says of its request.
pub(super) struct Refusal {
    frame: Frame,
    address: String,
}

impl Refusal {
    pub(super) fn of(visit: &Visit<'_>) -> Self {
        Self {
            frame: Frame::bare(visit),
            address: visit.address().to_owned(),
        }
    }

    pub(super) fn reply(mut self, error: &PageError) -> Reply {
        let locale = self.frame.locale;
        let (status, title, text) = match error {
            PageError::AskAgain => return LoginPage::ask_again(&self.frame, &self.address),
            PageError::LoggedOut => {
                return self.login(StatusCode::UNAUTHORIZED, locale.phrase(Login::Over));
            }
            PageError::WrongCode => {
                return self.login(StatusCode::UNAUTHORIZED, locale.phrase(Login::Wrong));
            }
            PageError::TooManyCodes(seconds) => {
                let told = login::wait(*seconds, locale);
                let mut reply = self.login(StatusCode::TOO_MANY_REQUESTS, &told);
                let seconds = HeaderValue::from(*seconds);
                reply.headers_mut().insert(RETRY_AFTER, seconds);
                return reply;
            }
            PageError::WrongHost => (
                StatusCode::MISDIRECTED_REQUEST,
                Refused::WrongHostTitle,
                Refused::WrongHost,
            ),
            PageError::PlainHttp => (StatusCode::FORBIDDEN, Refused::PlainTitle, Refused::Plain),
            PageError::Forged => (StatusCode::FORBIDDEN, Refused::ForgedTitle, Refused::Forged),
            PageError::NotAllowed => (
                StatusCode::FORBIDDEN,
                Refused::NotAllowedTitle,
                Refused::NotAllowed,
            ),
            PageError::NotFound | PageError::Api(ApiError::NotFound(_)) => (
                StatusCode::NOT_FOUND,
                Refused::NotFoundTitle,
                Refused::NotFound,
            ),
            PageError::Contradicts(told) => {
                return self.page(
                    StatusCode::CONFLICT,
                    Refused::ContradictsTitle,
                    told.clone(),
                );
            }
            PageError::Upload(error, back) => {
                let (status, told) = error.told(locale);
                let back = (*back, locale.phrase(Upload::Back));
                return self.page_before(status, locale.phrase(Upload::Title), told, back);
            }
            PageError::OtherMethods(allowed) => {
                let told = other_method(allowed, locale.language);
                let mut reply =
                    self.page(StatusCode::METHOD_NOT_ALLOWED, Refused::NotFoundTitle, told);
                if let Ok(allowed) = HeaderValue::from_str(allowed) {
                    reply.headers_mut().insert(ALLOW, allowed);
                }
                return reply;
            }
            PageError::Api(error) => {
                let (status, _) = error.status_and_code();
                let (title, told) = match status {
                    StatusCode::SERVICE_UNAVAILABLE => (
                        Refused::StorageTitle,
                        locale.phrase(Refused::Storage).to_owned(),
                    ),
                    StatusCode::INTERNAL_SERVER_ERROR => (
                        Refused::InternalTitle,
                        locale.phrase(Refused::Internal).to_owned(),
                    ),
                    _ => (Refused::InvalidTitle, error.to_string()),
                };
                return self.page(status, title, told);
            }
            PageError::Template(error) => {
                tracing::error!(%error, "a page could not be written");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    Refused::InternalTitle,
                    Refused::Internal,
                )
            }
        };
        let text = locale.phrase(text).to_owned();
        self.frame.is_wrong_place = matches!(error, PageError::WrongHost | PageError::PlainHttp);
        self.page(status, title, text)
    }

    fn login(&self, status: StatusCode, told: &str) -> Reply {
        LoginPage::reply(&self.frame, status, Some(told), &self.address)
    }

    fn page(&mut self, status: StatusCode, title: Refused, text: String) -> Reply {
        let locale = self.frame.locale;
        let back = (FIRST, locale.phrase(T::Back));
        self.page_before(status, locale.phrase(title), text, back)
    }

    fn page_before(
        &mut self,
        status: StatusCode,
        title: &str,
        text: String,
        back: (&'static str, &'static str),
    ) -> Reply {
        title.clone_into(&mut self.frame.title);
        let page = ErrorPage {
            frame: &self.frame,
            text,
            back,
        };
        // What cannot be written is told without a page.
        html(status, page.render().unwrap_or_default())
    }
}
