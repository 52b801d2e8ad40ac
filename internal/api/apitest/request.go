package apitest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Request is one request as it goes over the wire. Nothing in it needs to be right.
type Request struct {
	No        int    // of its run
	Operation string // that it is of, or was made from
	Who       string // whose token it bears
	Method    string
	Target    string // path and query, escaped
	Header    [][2]string
	Body      []byte
	Chunked   bool
}

// Bytes is the request for a connection; token is the Authorization header's value, "" = none.
func (r Request) Bytes(host, authorization string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.Target, host)
	if authorization != "" {
		fmt.Fprintf(&b, "Authorization: %s\r\n", authorization)
	}
	for _, h := range r.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	switch {
	case r.Chunked:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		for part := range slices.Chunk(r.Body, 1000) {
			fmt.Fprintf(&b, "%x\r\n%s\r\n", len(part), part)
		}
		b.WriteString("0\r\n\r\n")
	case len(r.Body) > 0 || r.Method != "GET" && r.Method != "HEAD":
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(r.Body), r.Body)
	default:
		b.WriteString("\r\n")
	}
	return b.Bytes()
}

// String shows the request so that it can be made again.
func (r Request) String() string {
	text := fmt.Sprintf("%s %s as %s", r.Method, r.Target, r.Who)
	for _, h := range r.Header {
		if len(h[1]) > 300 {
			h[1] = fmt.Sprintf("%s… (%d bytes)", h[1][:50], len(h[1]))
		}
		text += fmt.Sprintf("\n  %s: %q", h[0], h[1])
	}
	if len(r.Body) > 0 {
		shown := r.Body[:min(len(r.Body), 4000)]
		text += fmt.Sprintf("\n  %d bytes: %s", len(r.Body), strconv.Quote(string(shown)))
	}
	return text
}

// Example is the request of an operation as the document shows it, with known things in the
// place of the document's.
func (d *Document) Example(op *Operation, k *Known) (Request, error) {
	path, _ := k.Path(op.Path, nil)
	r := Request{Operation: op.ID, Method: op.Method, Target: path}
	query := url.Values{}
	for _, p := range op.Parameters {
		text := k.Filled(plainText(p.Example), nil)
		switch {
		case p.In == "path":
			if text == "" {
				return r, fmt.Errorf("%s: its parameter %s has no example", op.ID, p.Name)
			}
			r.Target = strings.Replace(r.Target, "{"+p.Name+"}", url.PathEscape(text), 1)
		case p.In == "query" && text != "" && (p.Required || op.Method != "GET"):
			query.Set(p.Name, text)
		}
	}
	if len(query) > 0 {
		r.Target += "?" + query.Encode()
	}
	media := op.usualMedia()
	if media == "" {
		return r, nil
	}
	example := op.Bodies[media].Example
	if example == nil {
		if example = Samples[media]; example == nil {
			return r, fmt.Errorf("%s: its body has no example", op.ID)
		}
	}
	var err error
	r.Body, media, err = encode(media, example)
	r.Body = []byte(k.Filled(string(r.Body), nil))
	r.Header = append(r.Header, [2]string{"Content-Type", media})
	return r, err
}

// usualMedia is the media type that an operation's example is of.
func (op *Operation) usualMedia() string {
	usual := ""
	for media, b := range op.Bodies {
		if shown := b.Example != nil || Samples[media] != nil; usual == "" || shown && cmp.Or(cmp.Compare(rank(media), rank(usual)), strings.Compare(media, usual)) < 0 {
			usual = media
		}
	}
	return usual
}

// rank orders media types: the most usual first.
func rank(media string) int {
	order := []string{"application/json", "text/csv", "image/jpeg", "application/pdf", "image/png"}
	if i := slices.Index(order, media); i >= 0 {
		return i
	}
	return len(order)
}

// Samples are bodies of media types of which a document can show no example.
var Samples = map[string]any{
	"image/jpeg": string(smallJPEG), "image/png": string(smallPNG), "image/gif": "GIF89a", "application/pdf": "%PDF-1.4\n%%EOF\n",
	"application/octet-stream": string(smallJPEG),
}

func plainText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	text, err := marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}

// encode writes an example in its media type.
func encode(media string, example any) (body []byte, contentType string, err error) {
	text, isText := example.(string)
	switch {
	case media == "multipart/form-data":
		return form(object(example))
	case isText && media != "application/json":
		return []byte(text), media, nil
	}
	body, err = marshal(example)
	return body, media, err
}

// form writes a form: an object is a part of JSON, a list or file has a file's name.
func form(parts map[string]any) (body []byte, contentType string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.SetBoundary("the-parts-of-a-form"); err != nil { // the same for the same seed
		return nil, "", fmt.Errorf("write a form: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		head := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf("form-data; name=%q", name)}}
		text, isText := parts[name].(string)
		if !isText {
			head.Set("Content-Type", "application/json")
			whole, err := json.Marshal(parts[name])
			if err != nil {
				return nil, "", fmt.Errorf("write a form: %w", err)
			}
			text = string(whole)
		}
		if name == "list" || name == "file" {
			head.Set("Content-Disposition", fmt.Sprintf("form-data; name=%q; filename=%q", name, name))
		}
		part, err := w.CreatePart(head)
		if err != nil {
			return nil, "", fmt.Errorf("write a form: %w", err)
		}
		if _, err := part.Write([]byte(text)); err != nil {
			return nil, "", fmt.Errorf("write a form: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, "", fmt.Errorf("write a form: %w", err)
	}
	return b.Bytes(), w.FormDataContentType(), nil
}
