package api

import (
	"fmt"
	"io"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

const head = `{"strategy":"sms_only","text":{"body":"안녕하세요"}}` + "\n"

func (w *world) lines(key string, body io.Reader) got {
	w.t.Helper()
	return w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, key: key, from: body, media: "application/x-ndjson"})
}

// people writes n recipients as lines.
func people(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"to\":\"010%08d\"}\n", 10_000_000+i)
	}
	return b.String()
}

func TestAMessageInLinesIsAcceptedAsOneInAnObject(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.lines("", strings.NewReader(exampleLines)).is(202).json()
		if got := fmt.Sprint(r["recipients"]); got != fmt.Sprint(map[string]any{"total": 2.0, "accepted": 2.0, "duplicate": 0.0, "rejected": 0.0}) {
			t.Errorf("got %s, want two accepted", got)
		}
		r = w.lines("", strings.NewReader("\n"+head+"\r\n  \n"+`{"to":"01012345678"}`+"\r\n\n"+`{"to":"hello"}`)).is(202).json()
		if got := fmt.Sprint(r["rejections"]); !strings.Contains(got, "index:1") {
			t.Errorf("got rejections %s, want the recipient of index 1", got)
		}
	})
}

func TestManyLinesAreStagedAndAccepted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.lines("many", strings.NewReader(head+people(5500))).is(202)
		again := w.lines("many", strings.NewReader(head+people(5500))).is(202)
		if string(again.body) != string(r.body) || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("the repeat got %.200s, want the first reply", again.body)
		}
		w.lines("many", strings.NewReader(head+people(5501))).refused(422, "idempotency_mismatch")
		id := r.json()["id"].(string)
		if got := w.get("/v1/messages/" + id).json()["counts"].(map[string]any)["pending"]; got != 5500.0 {
			t.Errorf("got %v pending, want 5500", got)
		}
		if rows := w.get("/v1/messages").rows(); len(rows) != 1 {
			t.Errorf("got %d messages, want 1", len(rows))
		}
	})
}

func TestALineThatCannotBeReadAcceptsNothing(t *testing.T) {
	registry := prometheus.NewRegistry()
	w := newWorld(t, dbtest.Connect(t, dbtest.Migrated(t, "sqlite"), db.Options{Registerer: registry}))
	for _, c := range []struct {
		name, body, code string
		status           int
		pointer          string
	}{
		{"no JSON", head + people(2) + "{\n", "malformed", 400, "/lines/4"},
		{"two values in a line", head + `{"to":"01012345678"} {"to":"01012345679"}` + "\n", "malformed", 400, "/lines/2"},
		{"invalid UTF-8", head + "{\"to\":\"\xff\"}\n", "malformed", 400, "/lines/2"},
		{"a NUL", head + `{"to":"\u0000"}`, "malformed", 400, "/lines/2"},
		{"late, after staging", head + people(6000) + "\n\nnope", "malformed", 400, "/lines/6004"},
		{"an array", head + "[]", "validation", 422, "/lines/2"},
		{"a number", head + people(1) + `{"to":1}`, "validation", 422, "/lines/3/to"},
		{"a variable that is a number", head + `{"to":"01012345678","variables":{"x":1}}`, "validation", 422, "/lines/2/variables/x"},
		{"an unknown member", head + `{"to":"01012345678","x":1}`, "validation", 422, "/lines/2/x"},
		{"recipients in the first line", strings.Replace(head, `{"strategy"`, `{"recipients":[],"strategy"`, 1) + people(1), "validation", 422, "/lines/1/recipients"},
		{"a wrong title", strings.Replace(head, `{"strategy"`, `{"title":5,"strategy"`, 1) + people(1), "validation", 422, "/lines/1/title"},
		{"a first line that is no JSON", "x\n", "malformed", 400, "/lines/1"},
		{"a long line", head + `{"to":"` + strings.Repeat("x", 64<<10) + `"}`, "body_too_large", 413, "/lines/2"},
		{"nothing", " ", "malformed", 400, ""},
		{"only the message", head, "no_recipients", 422, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			got := w.lines("", strings.NewReader(c.body)).refused(c.status, c.code)
			if c.pointer != "" && !slices.Equal(got, []string{c.pointer}) {
				t.Errorf("got errors at %q, want %q", got, c.pointer)
			}
		})
	}
	w.t = t
	if rows := w.get("/v1/messages").rows(); len(rows) != 0 {
		t.Errorf("got %d messages, want none", len(rows))
	}
	if n := updates(t, registry, "message_drop"); n == 0 {
		t.Error("the draft that had been staged was not deleted")
	}
}

// updates counts the transactions of a name.
func updates(t *testing.T, from prometheus.Gatherer, name string) (n uint64) {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetValue() == name && m.GetHistogram() != nil {
					n += m.GetHistogram().GetSampleCount()
				}
			}
		}
	}
	return n
}

func TestALineOfExactly64KiBIsRead(t *testing.T) {
	w := onSQLite(t)
	line := `{"to":"01012345678","variables":{"x":""}}`
	line = strings.Replace(line, `""`, `"`+strings.Repeat("y", maxLine-len(line))+`"`, 1)
	for _, end := range []string{"", "\n", "\r\n"} {
		w.lines("", strings.NewReader(head+line+end)).is(202)
	}
}

// numbers writes the lines of recipients as they are read.
type numbers struct {
	next, most int
	line       string // with the number of the line in it
	rest       []byte
	seen       func(n int) // of every thousandth
}

func (n *numbers) Read(p []byte) (int, error) {
	for len(n.rest) == 0 {
		if n.next == n.most {
			return 0, io.EOF
		}
		n.rest = fmt.Appendf(n.rest[:0], n.line, n.next)
		if n.next++; n.next%1000 == 0 && n.seen != nil {
			n.seen(n.next)
		}
	}
	c := copy(p, n.rest)
	n.rest = n.rest[c:]
	return c, nil
}

func TestMoreThanAMillionLinesAreTooMany(t *testing.T) {
	w := onSQLite(t)
	people := &numbers{most: maxLines + 10, line: "{\"to\":\"not a number %d\"}\n"}
	w.lines("", io.MultiReader(strings.NewReader(head), people)).refused(413, "too_many_recipients")
	if people.next < maxLines {
		t.Errorf("refused after %d lines, want %d", people.next, maxLines)
	}
}

func TestAMillionRecipientsNeedLittleMemory(t *testing.T) {
	w := onSQLite(t)
	w.topUp("rich", 18_000_000)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	most := uint64(0)
	people := &numbers{most: maxLines, line: "{\"to\":\"010%08d\",\"variables\":{\"이름\":\"김하나\"}}\n", seen: func(int) {
		metrics.Read(live)
		most = max(most, live[0].Value.Uint64())
	}}
	r := w.lines("", io.MultiReader(strings.NewReader(head), people)).is(202).json()
	if got := r["recipients"].(map[string]any)["accepted"]; got != 1e6 {
		t.Errorf("got %v accepted, want a million", got)
	}
	// What is alive doubles before it is collected: below 100 MiB the process stays below 256.
	if most > 100<<20 {
		t.Errorf("got %d MiB alive, want at most 100", most>>20)
	}
}

func TestAnUploadOver512MiBIsTooLarge(t *testing.T) {
	u := &upload{body: &endless{again: "xxxxxxxx"}, limit: 10, left: 10, deadline: far, pace: pace{extended: far}}
	n, err := io.Copy(io.Discard, u)
	if n > 10 {
		t.Errorf("read %d bytes, want at most 10", n)
	}
	refusedAs(t, err, "body_too_large")
	w := onSQLite(t)
	r := ask{method: "POST", path: "/v1/messages", token: w.rich, from: sized{strings.NewReader(head)}, media: "application/x-ndjson"}
	w.doSized(r, maxUpload+1).refused(413, "body_too_large")
}

func TestAnEstimateTakesLinesToo(t *testing.T) {
	w := onSQLite(t)
	r := w.do(ask{method: "POST", path: "/v1/messages/estimate", token: w.rich, body: head + people(2500), media: "application/x-ndjson"}).is(200).json()
	if r["recipients"] != 2500.0 || r["worst_case"] != "45000.00" {
		t.Errorf("got %v recipients for %v, want 2500 for 45000.00", r["recipients"], r["worst_case"])
	}
}
