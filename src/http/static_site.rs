//! The built web page, in memory.
//!
//! The hub reads all files once at the start. Serving a file needs no disk, no path of a request reaches the file
//! system, and the page in memory is one complete build.

use super::etag::{REVALIDATE, not_modified};
use crate::problem::Problem;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::HttpState;

/// Most files of a page, and most bytes in total. A build is far below both; a wrong folder must not exhaust the
/// memory.
const FILES_MAX: usize = 2_000;
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The deepest nesting of folders.
const DEPTH_MAX: usize = 8;

/// Texts of this size or more are compressed for clients that accept it.
const GZIP_FROM_BYTES: usize = 1024;

/// Paths of views of the page. For other paths the page shows "not found", with status 404.
const PAGES: &[&str] = &["/board/", "/display/", "/flight/", "/docs/"];

/// The kind of content at a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ContentKind {
    /// The web page, found or not.
    Page,
    /// A script of the page.
    Script,
    /// Data, images, problems: everything that is not shown alone.
    Data,
}

/// A file of the page.
struct File {
    content_type: &'static str,
    bytes: Bytes,
    gzipped: Option<Bytes>,
    tag: String,
    /// The name contains a hash of the content, so the file never changes.
    hashed: bool,
}

/// The files of the page by path.
#[derive(Default)]
pub(super) struct Site {
    files: HashMap<String, File>,
}

impl Site {
    /// Reads the folder of a build. An unreadable folder gives an empty site, which explains how to build the page;
    /// the API does not depend on it.
    pub(super) fn read(root: &Path) -> Self {
        let mut site = Self::default();
        match site.read_below(root) {
            Ok(()) if site.files.contains_key("/index.html") => {}
            Ok(()) => {
                tracing::warn!(folder = %root.display(), "found no built web page; serving only the API");
            }
            Err(fault) => {
                tracing::warn!(folder = %root.display(), %fault, "cannot read the web page; serving only the API");
                site.files.clear();
            }
        }
        site
    }

    fn read_below(&mut self, root: &Path) -> io::Result<()> {
        let mut folders: Vec<(PathBuf, String, usize)> = vec![(root.to_owned(), String::new(), 0)];
        let mut bytes_left = BYTES_MAX;
        while let Some((folder, address, depth)) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                // Do not follow links: they may lead anywhere.
                let kind = entry.file_type()?;
                if name.starts_with('.') || kind.is_symlink() {
                    continue;
                }
                let address = format!("{address}/{name}");
                if kind.is_dir() && depth < DEPTH_MAX {
                    folders.push((entry.path(), address, depth + 1));
                } else if kind.is_file() {
                    let length = entry.metadata()?.len();
                    if self.files.len() >= FILES_MAX || length > bytes_left {
                        return Err(io::Error::other(format!(
                            "more than {FILES_MAX} files or {BYTES_MAX} bytes"
                        )));
                    }
                    bytes_left -= length;
                    let file = File::of(&address, std::fs::read(entry.path())?)?;
                    self.files.insert(address, file);
                }
            }
        }
        Ok(())
    }

    /// The kind of a path without an endpoint.
    pub(super) fn kind(&self, path: &str) -> ContentKind {
        match self.files.get(path) {
            Some(file) if file.content_type.starts_with("text/html") => ContentKind::Page,
            Some(file) if file.content_type.starts_with("text/javascript") => ContentKind::Script,
            Some(_) => ContentKind::Data,
            None if is_data(path) => ContentKind::Data,
            None => ContentKind::Page,
        }
    }

    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, Problem> {
        let path = request.path();
        let missing = || Problem::not_found(&format!("there is nothing at {path}"));
        if let Some(file) = self.files.get(path) {
            return Ok(file.answer(request, StatusCode::OK));
        }
        let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
        let wants_page = accepts.is_none_or(|kinds| kinds.contains("text/html") || kinds.contains("*/*"));
        if is_data(path) || !wants_page {
            return Err(missing());
        }
        let known = path == "/" || PAGES.iter().any(|page| path.starts_with(page));
        let Some(index) = self.files.get("/index.html") else {
            return if known { Ok(not_built()) } else { Err(missing()) };
        };
        Ok(index.answer(request, if known { StatusCode::OK } else { StatusCode::NOT_FOUND }))
    }
}

impl File {
    fn of(address: &str, bytes: Vec<u8>) -> io::Result<Self> {
        let (content_type, is_text) = content_type(address);
        let digest = crate::config::digest(&bytes);
        let tag: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        let mut gzipped = None;
        if is_text && bytes.len() >= GZIP_FROM_BYTES {
            let mut packer = GzEncoder::new(Vec::new(), Compression::best());
            packer.write_all(&bytes)?;
            gzipped = Some(packer.finish()?).filter(|packed| packed.len() < bytes.len()).map(Bytes::from);
        }
        let hashed = address.starts_with("/assets/");
        Ok(Self { content_type, bytes: bytes.into(), gzipped, tag, hashed })
    }

    fn answer(&self, request: &HttpRequest, status: StatusCode) -> HttpResponse {
        let accepted = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
        let gzipped = self.gzipped.as_ref().filter(|_| accepted.is_some_and(takes_gzip));
        let tag = format!("\"{}{}\"", self.tag, if gzipped.is_some() { "-gz" } else { "" });
        let caching = if self.hashed { "public, max-age=31536000, immutable" } else { REVALIDATE };
        if status == StatusCode::OK
            && let Some(answer) = not_modified(request, &tag, caching)
        {
            return answer;
        }
        let mut answer = HttpResponse::build(status);
        answer.insert_header((header::CONTENT_TYPE, self.content_type));
        answer.insert_header((header::CACHE_CONTROL, caching));
        answer.insert_header((header::ETAG, tag));
        if gzipped.is_some() {
            answer.insert_header((header::CONTENT_ENCODING, "gzip"));
        }
        answer.body(gzipped.unwrap_or(&self.bytes).clone())
    }
}

/// Whether a program or a page requests a resource, which gets a plain 404 instead of the page.
fn is_data(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    path.starts_with("/api/") || path.starts_with("/assets/") || last.contains('.')
}

pub(super) fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim() == "gzip" && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

/// The content type of a file, and whether it is text.
fn content_type(address: &str) -> (&'static str, bool) {
    match address.rsplit('.').next().unwrap_or_default() {
        "html" => ("text/html; charset=utf-8", true),
        "js" | "mjs" => ("text/javascript; charset=utf-8", true),
        "css" => ("text/css; charset=utf-8", true),
        "json" | "map" => ("application/json", true),
        "webmanifest" => ("application/manifest+json", true),
        "svg" => ("image/svg+xml", true),
        "txt" => ("text/plain; charset=utf-8", true),
        "png" => ("image/png", false),
        "jpg" | "jpeg" => ("image/jpeg", false),
        "webp" => ("image/webp", false),
        "ico" => ("image/x-icon", false),
        "woff2" => ("font/woff2", false),
        _ => ("application/octet-stream", false),
    }
}

fn not_built() -> HttpResponse {
    HttpResponse::NotFound()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(include_str!("not_built.html"))
}

/// Answers every path without an endpoint: with a file of the page, the page itself, or 404.
pub(super) async fn anything(
    request: HttpRequest,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    use actix_web::http::Method;
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED).header(header::ALLOW, "GET, HEAD");
        return Err(problem.detail("this path allows GET and HEAD"));
    }
    state.site.answer(&request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::MessageBody;
    use actix_web::test::TestRequest;

    fn site() -> (tempfile::TempDir, Site) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("assets")).unwrap();
        std::fs::write(folder.path().join("index.html"), "<!doctype html>").unwrap();
        std::fs::write(folder.path().join(".secret"), "no").unwrap();
        std::fs::write(folder.path().join("assets/app-1a2b.js"), "x = 1;\n".repeat(1_000)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("passwd")).unwrap();
        let site = Site::read(folder.path());
        (folder, site)
    }

    fn get(site: &Site, path: &str, headers: &[(header::HeaderName, &str)]) -> Result<HttpResponse, Problem> {
        let mut request = TestRequest::with_uri(path);
        for (name, value) in headers {
            request = request.insert_header((name.clone(), *value));
        }
        site.answer(&request.to_http_request())
    }

    fn header_of(answer: &HttpResponse, name: header::HeaderName) -> &str {
        answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn page_urls_get_the_page_and_unknown_urls_get_it_with_404() {
        let (_folder, site) = site();
        for path in [
            "/",
            "/board/JFK/departures",
            "/display/JFK/arrivals",
            "/flight/B6-615-20130208-JFK-FLL",
            "/docs/api",
        ] {
            let answer = get(&site, path, &[]).unwrap();
            assert_eq!(
                (answer.status(), header_of(&answer, header::CACHE_CONTROL)),
                (StatusCode::OK, "no-cache"),
                "{path}"
            );
        }
        let lost = get(&site, "/nowhere", &[(header::ACCEPT, "text/html")]).unwrap();
        assert_eq!(lost.status(), StatusCode::NOT_FOUND);
        assert_eq!(header_of(&lost, header::CONTENT_TYPE), "text/html; charset=utf-8");
    }

    #[test]
    fn only_files_of_the_build_are_served() {
        let (_folder, site) = site();
        for path in [
            "/.secret",
            "/passwd.txt",
            "/assets/gone.js",
            "/api/v1/nothing",
            "/assets/../.secret",
            "/favicon.ico",
        ] {
            assert_eq!(get(&site, path, &[]).unwrap_err().status(), StatusCode::NOT_FOUND, "{path}");
        }
        let passwd = get(&site, "/passwd", &[]).unwrap();
        assert_eq!(passwd.status(), StatusCode::NOT_FOUND, "links are not followed");
        for path in ["/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/../../etc/passwd"] {
            let status =
                get(&site, path, &[]).map_or_else(|problem| problem.status(), |answer| answer.status());
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(
            get(&site, "/nowhere", &[(header::ACCEPT, "application/json")]).unwrap_err().status(),
            StatusCode::NOT_FOUND
        );
    }

    #[test]
    fn hashed_files_are_immutable_compressed_and_answered_304() {
        let (_folder, site) = site();
        let path = "/assets/app-1a2b.js";
        let plain = get(&site, path, &[]).unwrap();
        assert_eq!(header_of(&plain, header::CACHE_CONTROL), "public, max-age=31536000, immutable");
        let gzip = [(header::ACCEPT_ENCODING, "br, gzip;q=0.8")];
        let packed = get(&site, path, &gzip).unwrap();
        assert_eq!(header_of(&packed, header::CONTENT_ENCODING), "gzip");
        let tag = header_of(&packed, header::ETAG).to_owned();
        assert_ne!(tag, header_of(&plain, header::ETAG));
        assert!(packed.into_body().try_into_bytes().unwrap().len() < 200);
        let again = get(&site, path, &[gzip[0].clone(), (header::IF_NONE_MATCH, &tag)]).unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let refused = get(&site, path, &[(header::ACCEPT_ENCODING, "gzip;q=0")]).unwrap();
        assert_eq!(header_of(&refused, header::CONTENT_ENCODING), "");
    }

    #[test]
    fn without_a_build_the_page_explains_how_to_build_it() {
        let site = Site::read(Path::new("/nowhere/at/all"));
        let answer = get(&site, "/", &[]).unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        let text = answer.into_body().try_into_bytes().unwrap();
        assert!(String::from_utf8_lossy(&text).contains("make web"));
    }
}
