// Package console is what people see: the pages on which the operator, and the people of a
// site, do everything by hand. Korean first, English too; made on the server, without a build
// step, and without a request to any other host.
//
// What it promises:
//
//   - It holds no rule of its own. Whatever a page shows or does is a request to the HTTP API of
//     this process, made in memory with the person's own session. So a person may on a page what he
//     may over the API, sees the same masked, leaves the same entry in the audit log, and is refused
//     by the same sentence.
//   - A form that is sent twice does once what it says: its Idempotency-Key is made with the page.
//   - Nobody's change is undone unseen: a setting that somebody else changed since its form was made is
//     shown beside what was typed, and changed only when the form is sent once more.
//   - Nothing that was typed is lost. A refusal stands beside its field, and the form keeps what was
//     in it; where a session has ended, or money and keys ask for the second factor, the page in
//     between carries it along.
//   - The session is in a cookie that scripts cannot read and that no other site's page can use;
//     forms of other origins are refused; a page runs no script and uses no style but our own files.
//     The one exception is the page that opens the window of a payment gateway which has no page to
//     lead to: it loads that gateway's script, and nothing else of anybody's.
//   - Every page works without JavaScript but where it is about seeing things as they happen.
//   - All that is read stands in text/, in NOUN.ko.json and NOUN.en.json, key by key the same.
//
// It owns no table and keeps nothing between two requests.
//
// Reading order: console.go (the doors and routes), inside.go (how the API is asked), page.go (one
// request), session.go, form.go and between.go (what stands between a person and what he wants),
// text.go, view.go and format.go (words, pages, figures), static.go; then the screens, each in the
// file of its noun, and its pages in view/.
package console
