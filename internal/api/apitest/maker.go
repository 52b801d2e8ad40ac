package apitest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Whose token a request bears. Who runs the requests has one of each.
const (
	Owner    = "owner"    // a program of the site, which may everything
	Person   = "person"   // an owner of the site who signed in
	Viewer   = "viewer"   // of the site, who may little
	Revoked  = "revoked"  // of the site, no more
	Nobody   = "nobody"   // none
	Stranger = "stranger" // something that is no token
	Operator = "operator" // of the installation
)

// Maker makes requests from a document. The same seed, number and knowledge make the same
// request.
type Maker struct {
	document *Document
	seed     uint64
	own, far *Known // of the site that asks, and of the one that must not be seen
	sites    []string
	operator bool
}

// NewMaker makes requests as somebody of the first site; further sites are others. Operators
// among them are of the first site alone.
func NewMaker(d *Document, seed uint64, mine, theirs *Known, operator bool, sites ...string) *Maker {
	return &Maker{d, seed, mine, theirs, sites, operator}
}

// making is the making of one request.
type making struct {
	*Maker
	*rand.Rand
	spoiler
	op  *Operation
	out Request
}

// Make makes a request by its number.
func (m *Maker) Make(no int) Request {
	r := rand.New(rand.NewPCG(m.seed, uint64(no)))
	g := &making{m, r, spoiler{r, m.own, m.far}, m.operation(r), Request{No: no}}
	g.out.Operation, g.out.Method, g.out.Who = g.op.ID, g.op.Method, g.who()
	wrong := 0 // how many things are wrong on purpose
	switch n := r.IntN(100); {
	case n < 35:
	case n < 75:
		wrong = 1 + r.IntN(2)
	default:
		wrong = 3 + r.IntN(4)
	}
	parts := make([]int, 5)
	for range wrong {
		parts[r.IntN(len(parts))]++
	}
	g.path(parts[0])
	g.query(parts[1])
	g.body(parts[2])
	g.headers(parts[3])
	g.strange(parts[4])
	return g.out
}

// operation picks one. What deletes comes less often, since it leaves less to ask for.
func (m *Maker) operation(r *rand.Rand) *Operation {
	all := m.document.operations
	for {
		op := all[r.IntN(len(all))]
		if op.Method == "DELETE" && r.IntN(3) > 0 || m.operator && op.Ability != Operator && r.IntN(4) > 0 {
			continue
		}
		return op
	}
}

func (g *making) who() string {
	if g.operator && g.IntN(3) > 0 {
		return Operator
	}
	if g.op.Ability == "person" && g.IntN(3) > 0 {
		return Person
	}
	switch n := g.IntN(100); {
	case n < 62:
		return Owner
	case n < 72:
		return Person
	case n < 85:
		return Viewer
	case n < 90:
		return Revoked
	case n < 95:
		return Nobody
	}
	return Stranger
}

// path fills the path: with something that is there, something of the other site, or nonsense.
func (g *making) path(wrong int) {
	path, _ := g.own.Path(g.op.Path, g.Rand)
	if wrong > 0 && g.IntN(2) == 0 {
		path, _ = g.far.Path(g.op.Path, g.Rand)
	}
	for _, p := range g.op.Parameters {
		if p.In == "path" {
			text := plainText(p.Example)
			if wrong > 0 {
				text = g.text(text)
			}
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(text))
		}
	}
	if wrong > 1 {
		path = g.bend(path)
	}
	g.out.Target = path
}

// bend makes a path one that nobody would write.
func (g *making) bend(path string) string {
	last := strings.LastIndexByte(path, '/')
	return pickOne(g.Rand, path+"/", path+"//", "/"+path, path+"/../"+path[last+1:], path[:last]+"/%00", path[:last]+"/%ff", path[:last]+"/%2e%2e%2f", path+"%20", path+";x=1",
		strings.ToUpper(path), path[:last+1], path+"/"+g.id(), path[:last+1]+url.PathEscape(g.text("x")), path[:last+1]+url.PathEscape(strings.Repeat("가", 500)), "/v1", "/", "*", "/v1/%", "/.%2e/etc/passwd", "http://elsewhere.example"+path)
}

// query adds parameters of the operation, and others.
func (g *making) query(wrong int) {
	var all []string
	for _, p := range g.op.Parameters {
		if p.In != "query" || !p.Required && g.IntN(3) > 0 {
			continue
		}
		name, text := p.Name, g.parameter(p)
		if wrong > 0 && g.IntN(2) == 0 {
			text = g.text(text)
		}
		if all = append(all, url.QueryEscape(name)+"="+url.QueryEscape(text)); wrong > 0 && g.IntN(5) == 0 {
			all = append(all, url.QueryEscape(name)+"="+url.QueryEscape(g.text(text)))
		}
	}
	if wrong > 0 {
		all = append(all, pickOne(g.Rand, "x=1", "limit=0", "limit=201", "limit=-1", "limit=a", "cursor=x", "%zz=1", "site=%00", "a=%ff", "=", "&&", ";", "limit=10&limit=20", "format=exe", "site="+g.sites[g.IntN(len(g.sites))]))
	}
	if g.out.Who == Operator && !strings.Contains(strings.Join(all, "&"), "site=") && g.IntN(5) > 0 {
		all = append(all, "site="+g.sites[0])
	}
	if len(all) > 0 {
		g.out.Target += "?" + strings.Join(all, "&")
	}
}

func (g *making) parameter(p Parameter) string {
	switch p.Name {
	case "site":
		if g.out.Who == Operator { // the other sites' things are not his to change here
			return pickOne(g.Rand, g.sites[0], g.sites[0], g.sites[0], "*", "nobody", "")
		}
		return pickOne(g.Rand, append([]string{g.sites[0], "*", "nobody", ""}, g.sites...)...)
	case "cursor":
		if text, ok := g.own.Cursor(g.op.ID, g.IntN(3) > 0, g.Rand); ok {
			return g.tampered(text)
		}
		if text, ok := g.far.Cursor(g.op.ID, true, g.Rand); ok {
			return text
		}
	case "limit":
		return fmt.Sprint(1 + g.IntN(200))
	}
	if p.Example != nil && g.IntN(3) > 0 {
		return g.own.Filled(plainText(p.Example), g.Rand)
	}
	return plainText((&inventor{g.document, g.Rand, g.own}).value(p.Schema, p.Name, 0))
}

// tampered is a cursor, as it is or changed in one place.
func (g *making) tampered(text string) string {
	switch g.IntN(4) {
	case 0:
		at := g.IntN(len(text))
		return text[:at] + pickOne(g.Rand, "A", "_", "-", "=", "") + text[at+1:]
	case 1:
		if plain, err := base64.RawURLEncoding.DecodeString(text); err == nil && len(plain) > 0 {
			plain[g.IntN(len(plain))] ^= 1 << g.IntN(8)
			return base64.RawURLEncoding.EncodeToString(plain)
		}
	}
	return text
}

// body makes the body: the example, one that its schema allows, or a broken one.
func (g *making) body(wrong int) {
	if len(g.op.Bodies) == 0 {
		if wrong > 1 {
			g.out.Body = []byte(pickOne(g.Rand, "{}", "x", "\x00", `{"a":1}`))
			g.out.Header = append(g.out.Header, [2]string{"Content-Type", "application/json"})
		}
		return
	}
	media := g.op.usualMedia()
	if g.IntN(3) == 0 {
		media = pickOne(g.Rand, slices.Sorted(maps.Keys(g.op.Bodies))...)
	}
	b := g.op.Bodies[media]
	example := b.Example
	if example == nil {
		example = Samples[media]
	}
	invented := example == nil || wrong > 0 && g.IntN(4) == 0
	contentType := media
	switch {
	case media == "application/json":
		v := valueOf(example)
		if invented {
			v = (&inventor{g.document, g.Rand, g.own}).value(b.Schema, "", 0)
		}
		for range wrong {
			v = g.spoil(v)
		}
		g.out.Body = written(v)
	default:
		g.out.Body, contentType, _ = encode(media, example) // what cannot be written is an empty body
		for range wrong {
			g.out.Body = g.damaged(g.out.Body)
		}
	}
	g.out.Body = []byte(g.own.Filled(g.fresh(string(g.out.Body)), g.Rand))
	g.out.Header = append(g.out.Header, [2]string{"Content-Type", contentType})
}

var (
	mobile   = regexp.MustCompile(`010-?\d{4}-?\d{4}`)
	landline = regexp.MustCompile(`02-?6123-?\d{4}`)
	naming   = regexp.MustCompile(`("(?:name|title|body|code|id)":")([^"@#\\_]{1,40}|[A-Z_0-9]{1,20})"`)
)

// fresh is a body with other people and other names in it, mostly: what was asked before would
// often be refused for that alone.
func (g *making) fresh(body string) string {
	if g.IntN(4) == 0 {
		return body
	}
	body = landline.ReplaceAllStringFunc(body, func(string) string { return fmt.Sprintf("02-6123-%04d", g.IntN(1000)) })
	body = strings.ReplaceAll(body, "@flowers", fmt.Sprintf("@flowers%d", g.IntN(9)))
	body = mobile.ReplaceAllStringFunc(body, func(string) string { return fmt.Sprintf("010%08d", g.IntN(100_000_000)) })
	if g.IntN(2) == 0 {
		body = naming.ReplaceAllString(body, fmt.Sprintf(`${1}${2}%d"`, g.IntN(1000)))
	}
	return body
}

// damaged is a body with its bytes changed.
func (g *making) damaged(body []byte) []byte {
	at := g.IntN(len(body) + 1)
	switch g.IntN(8) {
	case 0:
		return body[:at]
	case 1:
		return slices.Concat(body[:at], []byte(g.text("x")), body[at:])
	case 2:
		return slices.Concat(body[:at], []byte{byte(g.IntN(256)), 0}, body[at:])
	case 3:
		return slices.Concat(body, body)
	case 4:
		return slices.Concat([]byte{0xff, 0xfe}, body)
	case 5:
		return slices.Concat([]byte("\xef\xbb\xbf"), body)
	case 6:
		return bytes.ReplaceAll(body, []byte("\n"), []byte("\r"))
	}
	return bytes.ReplaceAll(body, []byte(`"`), nil)
}

// headers adds headers that may be there, and some that should not be.
func (g *making) headers(wrong int) {
	if g.op.Method != "GET" && g.IntN(4) == 0 {
		g.add("Idempotency-Key", fmt.Sprintf("key-%d", g.IntN(2000)))
	}
	for range wrong {
		name, value, _ := strings.Cut(pickOne(g.Rand,
			"Idempotency-Key: ", "Idempotency-Key: \"", "Idempotency-Key: \"a\\\"b\"", "Idempotency-Key: 가", "Idempotency-Key: "+strings.Repeat("k", 256), "Idempotency-Key: a, b",
			"X-Request-Id: "+strings.Repeat("r", 200), "X-Request-Id: <script>", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: ,,,", "X-Forwarded-Host: evil.example", "Forwarded: for=127.0.0.1",
			"Accept: text/html", "Accept: */*;q=x", "Accept: application/xml", "Accept: text/csv", "Accept-Encoding: gzip, br;q=9", "Accept-Language: \xff", "If-Match: *", "If-None-Match: \"x\"", "If-Match: nonsense", "If-Modified-Since: yesterday",
			"Range: bytes=0-", "Range: bytes=9999999-1", "Range: x", "Cookie: a=b", "Content-Encoding: gzip", "Content-Encoding: br", "Content-Language: ko", "Expect: 100-continue", "Origin: https://evil.example", "Upgrade: h2c", "Connection: close",
			"Te: trailers", "X-Http-Method-Override: DELETE", "Content-Type: text/plain", "Content-Type: application/json; charset=utf-16", "Content-Type: ;", "Content-Type: multipart/form-data", "Content-Type: multipart/form-data; boundary=", "Content-Type: application/x-ndjson", "Content-Md5: x", "Authorization: Basic YTpi", "X-A: "+strings.Repeat("a", 20_000)), ": ")
		g.add(name, value)
	}
}

// add adds a header; one that has only one value mostly stands once.
func (g *making) add(name, value string) {
	if g.IntN(10) > 0 {
		g.out.Header = slices.DeleteFunc(g.out.Header, func(h [2]string) bool { return h[0] == name })
	}
	g.out.Header = append(g.out.Header, [2]string{name, value})
}

// strange changes how the request is made.
func (g *making) strange(wrong int) {
	for range wrong {
		switch g.IntN(6) {
		case 0, 1:
			g.out.Method = pickOne(g.Rand, "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get", "PROPFIND")
		case 2:
			g.out.Chunked = len(g.out.Body) > 0
		case 3:
			g.out.Body = nil
		case 4:
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = z.Write(g.out.Body) // a buffer takes everything
			_ = z.Close()
			g.out.Body = b.Bytes()
			g.add("Content-Encoding", "gzip")
		default:
			g.out.Body = []byte(pickOne(g.Rand, "", " ", "null", "[]", "\"x\"", "{", "}", "{}{}", "\xef\xbb\xbf{}", strings.Repeat(" ", 3000), strings.Repeat("[", 100_000), "a=b&c=d", "<xml/>", "\x00\x01\x02"))
		}
	}
}
