package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Reply is an answer and what it answers.
type Reply struct {
	Method, Path string // of the request; the path as it is escaped
	Status       int
	Header       http.Header
	Body         []byte
}

// problemType is the media type of every refusal.
const problemType = "application/problem+json"

// everywhere are headers that say nothing of an operation: those of HTTP itself, and those that
// are for browsers alone.
var everywhere = []string{"Cache-Control", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Date", "Transfer-Encoding", "Vary", "X-Content-Type-Options",
	"Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Content-Security-Policy", "Cross-Origin-Resource-Policy", "Referrer-Policy", "Strict-Transport-Security", "X-Frame-Options"}

// unrouted are the codes of what belongs to no operation, by status.
var unrouted = map[int]string{http.StatusBadRequest: "malformed", http.StatusNotFound: "not_found", http.StatusMethodNotAllowed: "method_not_allowed",
	http.StatusRequestHeaderFieldsTooLarge: "head_too_large", http.StatusExpectationFailed: "malformed", http.StatusNotImplemented: "malformed", http.StatusHTTPVersionNotSupported: "malformed"}

// Check complains of everything in a reply that is not as the document says. No complaint
// means that it is.
func (d *Document) Check(r Reply) (complaints []string) {
	complain := func(format string, args ...any) {
		complaints = append(complaints, fmt.Sprintf("%s %s: %d: ", r.Method, r.Path, r.Status)+fmt.Sprintf(format, args...))
	}
	if r.Header.Get("X-Request-Id") == "" {
		complain("it has no X-Request-Id")
	}
	if r.Method == http.MethodOptions && r.Status == http.StatusNoContent {
		if r.Header.Get("Allow") == "" && r.Header.Get("Vary") == "" {
			complain("it says neither which methods are possible nor what a page may do")
		}
		return complaints
	}
	op := d.Find(r.Method, r.Path)
	if op == nil {
		if code := d.problem(r, complain); code != unrouted[r.Status] {
			complain("no operation has this path and method, and the code is %q", code)
		}
		return complaints
	}
	said := op.Responses[strconv.Itoa(r.Status)]
	if said == nil {
		// The address of any operation may be unreadable; no client can be told so for each.
		if code := d.problem(r, complain); r.Status != http.StatusBadRequest || code != "malformed" {
			complain("%s does not describe this status (code %q): add the code to its operation in internal/api", op.ID, code)
		}
		return complaints
	}
	d.checkHeaders(r, op, said, complain)
	if r.Method != http.MethodHead {
		d.checkBody(r, op, said, complain)
	}
	return complaints
}

func (d *Document) checkHeaders(r Reply, op *Operation, said *Response, complain func(string, ...any)) {
	for name := range r.Header {
		if _, ok := said.Headers[name]; !ok && !slices.Contains(everywhere, name) {
			complain("%s does not describe the header %s of this reply: give it to the response of its operation, or to headersOf in internal/api/polish.go", op.ID, name)
		}
	}
	for name, always := range said.Headers {
		if always && r.Header.Get(name) == "" {
			complain("%s promises the header %s with this reply", op.ID, name)
		}
	}
}

func (d *Document) checkBody(r Reply, op *Operation, said *Response, complain func(string, ...any)) {
	if len(said.Media) == 0 {
		if len(r.Body) > 0 {
			complain("%s describes no body, and there is one: %.200s", op.ID, r.Body)
		}
		return
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(said.Media, media) {
		complain("%s describes the media types %v, and this is %q", op.ID, said.Media, r.Header.Get("Content-Type"))
		return
	}
	if len(said.Codes) > 0 {
		if code := d.problem(r, complain); !slices.Contains(said.Codes, code) {
			complain("%s describes the codes %v, and this is %q: add it to the operation in internal/api", op.ID, said.Codes, code)
		}
	}
	if media == "application/json" || media == problemType {
		if err := d.valid(said.pointer+escaped(media)+"/schema", r.Body); err != nil {
			complain("%s describes another body: %v\nit is %.1500s", op.ID, err, r.Body)
		}
	}
}

// problem reads a refusal of which nothing else is known, and gives its code.
func (d *Document) problem(r Reply, complain func(string, ...any)) (code string) {
	if r.Method == http.MethodHead {
		return unrouted[r.Status]
	}
	if got := r.Header.Get("Content-Type"); got != problemType {
		complain("a refusal has the media type %q", got)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(r.Body))
	if err != nil {
		complain("the problem is no JSON: %v", err)
		return ""
	}
	if err := d.valid("#/components/schemas/Problem", r.Body); err != nil {
		complain("the problem is not valid: %v\nit is %.800s", err, r.Body)
	}
	p := object(v)
	code, _ = p["code"].(string)
	if status, _ := p["status"].(interface{ Int64() (int64, error) }); status != nil {
		if n, err := status.Int64(); err != nil || int(n) != r.Status {
			complain("the problem says status %v", p["status"])
		}
	}
	if p["request_id"] != r.Header.Get("X-Request-Id") {
		complain("the problem is of request %v, its header of %s", p["request_id"], r.Header.Get("X-Request-Id"))
	}
	if r.Header.Get("Content-Language") == "ko" {
		for _, text := range sentences(p) {
			if !hangul.MatchString(text) {
				complain("it says %q to whoever reads Korean", text)
			}
		}
	}
	if (r.Status == http.StatusTooManyRequests || r.Status == http.StatusServiceUnavailable) && r.Header.Get("Retry-After") == "" {
		complain("it does not say when to come again")
	}
	if r.Status == http.StatusMethodNotAllowed && r.Header.Get("Allow") == "" {
		complain("it does not say which methods are possible")
	}
	return code
}

var hangul = regexp.MustCompile(`\p{Hangul}`)

// sentences are what a problem says to people.
func sentences(p map[string]any) (out []string) {
	say := func(text any) {
		said, _ := text.(string)
		out = append(out, said)
	}
	say(p["title"])
	say(p["detail"])
	for _, at := range list(p["errors"]) {
		say(object(at)["detail"])
	}
	return out
}

// valid checks a JSON text against the schema at a pointer.
func (d *Document) valid(pointer string, text []byte) error {
	schema, err := d.schema(pointer)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("it is no JSON: %w", err)
	}
	return brief(schema.Validate(v))
}

func (d *Document) schema(pointer string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.compiled[pointer]; s != nil {
		return s, nil
	}
	s, err := d.strict.Compile("openapi.json" + pointer)
	if err != nil {
		return nil, fmt.Errorf("its schema cannot be read: %w", err)
	}
	d.compiled[pointer] = s
	return s, nil
}

// brief keeps the places of what is wrong, without the schemas that say so.
func brief(err error) error {
	if err == nil {
		return nil
	}
	_, rest, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("%s", rest)
}

// CheckExamples complains of examples that their own schemas do not allow.
func (d *Document) CheckExamples() (complaints []string) {
	check := func(what, pointer string, example any) {
		text, err := marshal(example)
		if err == nil {
			err = d.valid(pointer, text)
		}
		if err != nil {
			complaints = append(complaints, fmt.Sprintf("the example of %s: %v", what, err))
		}
	}
	for _, op := range d.operations {
		for _, media := range slices.Sorted(maps.Keys(op.Bodies)) {
			if b := op.Bodies[media]; b.Example != nil && media == "application/json" {
				check(op.ID+"'s body", op.pointer+"/requestBody/content/"+escaped(media)+"/schema", b.Example)
			}
		}
		for status, r := range op.Responses {
			for media, example := range r.Examples {
				if strings.HasSuffix(media, "json") {
					check(op.ID+"'s reply "+status, r.pointer+escaped(media)+"/schema", example)
				}
			}
		}
	}
	slices.Sort(complaints)
	return complaints
}

func marshal(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return text, nil
}
