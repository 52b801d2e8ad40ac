package apitest

import (
	"bytes"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

const small = `{"openapi":"3.1.0","info":{"title":"x","version":"1"},
"paths":{
 "/v1/things":{"post":{"operationId":"addThing","x-ability":"things:write","parameters":[{"$ref":"#/components/parameters/key"}],
  "requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["name"],"properties":{"name":{"type":"string","minLength":1},"n":{"type":"integer","minimum":1,"maximum":3},"parts":{"type":"array","items":{"$ref":"#/components/schemas/Part"}}}},"example":{"name":"a","parts":[{"of":"thg_01k9zqm0v8e4t9w2n7c5r3x6yb"}]}}}},
  "responses":{"201":{"description":"Created","headers":{"X-Request-Id":{"required":true,"schema":{"type":"string"}}},"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Thing"}}}},
   "422":{"$ref":"#/components/responses/Invalid"}}}},
 "/v1/things/{id}":{"get":{"operationId":"getThing","parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string"},"example":"thg_01k9zqm0v8e4t9w2n7c5r3x6yb"}],
  "responses":{"200":{"description":"OK","headers":{"X-Request-Id":{"required":true,"schema":{"type":"string"}}},"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Thing"}}}}}}}},
"components":{"parameters":{"key":{"name":"Idempotency-Key","in":"header","schema":{"type":"string"}}},
 "responses":{"Invalid":{"description":"x","x-codes":["validation"],"headers":{"X-Request-Id":{"schema":{"type":"string"}}},"content":{"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}}},
 "schemas":{"Part":{"type":"object","properties":{"of":{"type":"string"}}},
  "Thing":{"type":"object","required":["id","at"],"properties":{"id":{"type":"string"},"at":{"type":"string","format":"date-time"},"gone":{"oneOf":[{"$ref":"#/components/schemas/Part"},{"type":"null"}]}}},
  "Problem":{"type":"object","required":["code","status","request_id"],"additionalProperties":true,"properties":{"code":{"type":"string"},"status":{"type":"integer"},"request_id":{"type":"string"}}}}}}`

func read(t testing.TB) *Document {
	t.Helper()
	d, err := Read([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWhatTheDocumentDoesNotSayIsComplainedOf(t *testing.T) {
	d := read(t)
	header := func(more ...string) http.Header {
		h := http.Header{"X-Request-Id": {"r"}, "Content-Type": {"application/json"}}
		for i := 0; i < len(more); i += 2 {
			h.Set(more[i], more[i+1])
		}
		return h
	}
	const good = `{"id":"a","at":"2026-11-01T00:00:00Z","gone":null}`
	problem := func(code string) string { return `{"code":"` + code + `","status":422,"request_id":"r"}` }
	refused := header("Content-Type", problemType)
	for _, c := range []struct {
		reply Reply
		want  string // part of the first complaint; "" = none
	}{
		{Reply{"GET", "/v1/things/a", 200, header(), []byte(good)}, ""},
		{Reply{"HEAD", "/v1/things/a", 200, header(), nil}, ""},
		{Reply{"GET", "/v1/things/a%2Fb", 200, header(), []byte(good)}, ""},
		{Reply{"GET", "/v1/things/a", 200, http.Header{"Content-Type": {"application/json"}}, []byte(good)}, "no X-Request-Id"},
		{Reply{"GET", "/v1/things/a", 200, header("Etag", "x"), []byte(good)}, "the header Etag"},
		{Reply{"GET", "/v1/things/a", 200, header("Content-Type", "text/plain"), []byte(good)}, "media types"},
		{Reply{"GET", "/v1/things/a", 201, header(), []byte(good)}, "does not describe this status"},
		{Reply{"GET", "/v1/things/a", 200, header(), []byte(`{"id":"a","at":"2026-11-01T00:00:00Z","more":1}`)}, "'more'"},
		{Reply{"GET", "/v1/things/a", 200, header(), []byte(`{"id":"a"}`)}, "'at'"},
		{Reply{"GET", "/v1/things/a", 200, header(), []byte(`{"id":"a","at":"yesterday"}`)}, "date-time"},
		{Reply{"GET", "/v1/things/a", 200, header(), []byte(`{`)}, "no JSON"},
		{Reply{"POST", "/v1/things", 422, refused, []byte(problem("validation"))}, ""},
		{Reply{"POST", "/v1/things", 422, refused, []byte(problem("not_found"))}, "describes the codes"},
		{Reply{"POST", "/v1/things", 422, refused, []byte(strings.Replace(problem("validation"), `"r"`, `"s"`, 1))}, "request s"},
		{Reply{"PUT", "/v1/things", 405, header("Content-Type", problemType), []byte(strings.Replace(problem("method_not_allowed"), "422", "405", 1))}, "which methods"},
		{Reply{"GET", "/nowhere", 404, refused, []byte(strings.Replace(problem("not_found"), "422", "404", 1))}, ""},
		{Reply{"GET", "/nowhere", 404, header("Content-Type", problemType, "Content-Language", "ko"), []byte(`{"code":"not_found","status":404,"request_id":"r","title":"없습니다","detail":"Nothing"}`)}, "to whoever reads Korean"},
		{Reply{"GET", "/nowhere", 404, header("Content-Type", problemType, "Content-Language", "ko"), []byte(`{"code":"not_found","status":404,"request_id":"r","title":"없습니다","detail":"A가 없습니다"}`)}, ""},
		{Reply{"GET", "//v1/things/a", 404, refused, []byte(strings.Replace(problem("not_found"), "422", "404", 1))}, ""},
		{Reply{"GET", "/nowhere", 200, header(), []byte(good)}, "refusal has the media type"},
	} {
		got := d.Check(c.reply)
		if (c.want == "") != (len(got) == 0) || c.want != "" && !strings.Contains(strings.Join(got, "\n"), c.want) {
			t.Errorf("%v: got %q, want %q", c.reply, got, c.want)
		}
	}
}

func TestWhatTellsOfTheInsideIsFound(t *testing.T) {
	for text, told := range map[string]bool{
		`{"detail":"sql: no rows in result set"}`: true, `ERROR: duplicate key (SQLSTATE 23505)`: true, "runtime error: index out of range": true, "at send.go:17": true,
		"UNIQUE constraint failed": true, "/root/x": true, `{"detail":"the message is not there"}`: false, `{"body":"안녕하세요"}`: false,
	} {
		if got := Inner([]byte(text), nil); (got != nil) != told {
			t.Errorf("%q: got %v, want told %v", text, got, told)
		}
	}
	if err := Inner([]byte(`no such word "panic"`), []byte("panic")); err != nil {
		t.Errorf("what the request said itself: %v", err)
	}
}

func TestTheSameSeedMakesTheSameRequests(t *testing.T) {
	d := read(t)
	know := func() *Known {
		k := NewKnown(d)
		k.Learn(d.Find("POST", "/v1/things"), "/v1/things", 201, []byte(`{"id":"thg_01k9zqm0v8e4t9w2n7c5r3x6yc"}`))
		return k
	}
	made := func(seed uint64) (out []string) {
		m := NewMaker(d, seed, know(), know(), false, "a", "b")
		for no := range 2000 {
			r := m.Make(no)
			if r.No != no || r.Method == "" || r.Target == "" || r.Who == "" {
				t.Fatalf("request %d is not whole: %+v", no, r)
			}
			out = append(out, string(r.Bytes("h", "Bearer x")))
		}
		return out
	}
	first := made(1)
	if !reflect.DeepEqual(first, made(1)) {
		t.Error("the same seed made other requests")
	}
	if reflect.DeepEqual(first, made(2)) {
		t.Error("another seed made the same requests")
	}
	for _, want := range []string{"GET /v1/things/thg_01k9zqm0v8e4t9w2n7c5r3x6yc HTTP/1.1", `{"name":"a","parts":[{"of":"thg_01k9zqm0v8e4t9w2n7c5r3x6yc"}]}`, "Transfer-Encoding: chunked", "TRACE ", "\\u0000", "[[[[[[["} {
		if !strings.Contains(strings.Join(first, ""), want) {
			t.Errorf("none of them has %q", want)
		}
	}
	if !bytes.Equal(Noise(1, 2, "t"), Noise(1, 2, "t")) {
		t.Error("the same seed made other noise")
	}
}

func TestAnExampleIsMadeWithWhatIsKnown(t *testing.T) {
	d := read(t)
	k := NewKnown(d)
	if r, err := d.Example(d.Find("GET", "/v1/things/x"), k); err != nil || r.Target != "/v1/things/thg_01k9zqm0v8e4t9w2n7c5r3x6yb" {
		t.Errorf("with nothing known: %v %v", r, err)
	}
	k.Learn(d.Find("POST", "/v1/things"), "/v1/things", 201, []byte(`{"id":"thg_01k9zqm0v8e4t9w2n7c5r3x6yc"}`))
	if r, err := d.Example(d.Find("GET", "/v1/things/x"), k); err != nil || r.Target != "/v1/things/thg_01k9zqm0v8e4t9w2n7c5r3x6yc" {
		t.Errorf("with one known: %v %v", r, err)
	}
	if !k.Owns("thg_01k9zqm0v8e4t9w2n7c5r3x6yc") || k.Owns("thg_01k9zqm0v8e4t9w2n7c5r3x6yb") {
		t.Error("it does not know what it learned")
	}
}
