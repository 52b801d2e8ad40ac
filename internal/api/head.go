package api

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// Limits of the head of a request, which the server bounds by its bytes already. Nothing here
// needs as much: an address holds a cursor at most, and proxies add some dozens of fields.
const (
	maxAddress = 8 << 10 // bytes of the path and its parameters
	maxFields  = 100     // header fields
)

// readableHead refuses a head that is larger or other than any that a client of ours has.
func readableHead(r *http.Request) error {
	fields := 0
	for _, values := range r.Header {
		fields += len(values)
	}
	switch {
	case fields > maxFields:
		return fault.New(fault.TooLarge, fault.CodeHeadTooLarge, "the request has %d header fields; send at most %d", fields, maxFields)
	case len(r.RequestURI) > maxAddress:
		return fault.New(fault.TooLarge, fault.CodeHeadTooLarge, "the path and its parameters are longer than %d bytes", maxAddress)
	case r.RequestURI == "*" && r.Method != http.MethodOptions:
		return fault.New(fault.Malformed, fault.CodeMalformed, "the address * is one of OPTIONS alone")
	case r.Method == http.MethodConnect:
		return fault.New(fault.NotFound, fault.CodeMethodNotAllowed, "this is no proxy: CONNECT leads nowhere")
	}
	return nil
}

// methods are what the routes of a request's path take, and OPTIONS; none of an unknown path.
func (a *api) methods(r *http.Request) []string {
	if r.RequestURI == "*" {
		return []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
	}
	// Only the mux knows which methods would do: its plain answer is listened to.
	heard := &probe{header: http.Header{}, text: io.Discard}
	answer, pattern := a.mux.Handler(r)
	if pattern != "" {
		return nil
	}
	answer.ServeHTTP(heard, r)
	if heard.status != http.StatusMethodNotAllowed {
		return nil
	}
	list := append(strings.Split(heard.header.Get("Allow"), ", "), http.MethodOptions)
	slices.Sort(list)
	return list
}

// options tells what can be done at a path, which takes no token.
func (a *api) options(w http.ResponseWriter, r *http.Request) {
	can := a.methods(r)
	if can == nil {
		a.refuse(w, r, noRoute(r))
		return
	}
	w.Header().Set("Allow", strings.Join(can, ", "))
	w.WriteHeader(http.StatusNoContent)
}

// Unread gives the whole reply to what the server could not read as a request: the status that
// it would answer itself, and what it says. None of these is a failure of ours, whatever its
// status would be.
func (a *api) Unread(status int, said string) []byte {
	start := time.Now()
	x := &exchange{id: id.New().Text("req"), request: &http.Request{Header: http.Header{}}}
	p := problemOf(x, unread(status, said))
	text, err := marshalJSON(p)
	if err != nil {
		text = []byte("{}")
	}
	res := http.Response{StatusCode: p.Status, ProtoMajor: 1, ProtoMinor: 1, Header: p.header, Close: true,
		ContentLength: int64(len(text) + 1), Body: io.NopCloser(bytes.NewReader(append(text, '\n')))}
	x.begin(res.Header)
	res.Header.Set("Content-Type", problemType)
	var out bytes.Buffer
	_ = res.Write(&out) // into memory
	a.tell(x, &recorder{status: p.Status, bytes: res.ContentLength}, time.Since(start))
	return out.Bytes()
}

func unread(status int, said string) error {
	detail := "its first line or one of its header fields is not of HTTP"
	switch status {
	case http.StatusRequestHeaderFieldsTooLarge:
		return fault.New(fault.TooLarge, fault.CodeHeadTooLarge, "the head of the request is larger than 64 KiB")
	case http.StatusNotImplemented:
		detail = "its Transfer-Encoding is not read here; send chunked, or a Content-Length"
	case http.StatusHTTPVersionNotSupported:
		detail = "its version of HTTP is not spoken here; use 1.1 or 2"
	case http.StatusExpectationFailed:
		detail = "Expect can be 100-continue, and nothing else"
	default:
		if _, why, ok := strings.Cut(said, ": "); ok {
			detail = why
		}
	}
	return fault.New(fault.Malformed, fault.CodeMalformed, "the request cannot be read: %s", detail)
}

// always are the fields at the head of every reply. What is shown here is data for programs: a
// browser that is brought to open it runs nothing of it, sets it in no frame, and tells nobody
// where it was. The pages for people, /docs and receipts, allow themselves their own styles.
var always = http.Header{
	"X-Content-Type-Options":       {"nosniff"},
	"Cache-Control":                {"no-store"},
	"Referrer-Policy":              {"no-referrer"},
	"Content-Security-Policy":      {"default-src 'none'; frame-ancestors 'none'"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"X-Frame-Options":              {"DENY"},
}

// secureFor is how long a browser that once spoke TLS with us never speaks clear text again.
const secureFor = "max-age=31536000"

// begin writes the fields that every reply has.
func (x *exchange) begin(h http.Header) {
	maps.Copy(h, always) // nobody writes into the values: they are replaced
	h["X-Request-Id"] = []string{x.id}
	if x.request.TLS != nil {
		h.Set("Strict-Transport-Security", secureFor)
	}
}
