package api

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"creditmsg/internal/sheet"
	"creditmsg/internal/sheet/sheettest"
)

// formPart is one part of a form.
type formPart struct{ name, text string }

// writtenForm writes a form; its boundary differs each time.
func writtenForm(t testing.TB, parts ...formPart) (body, media string) {
	t.Helper()
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for _, p := range parts {
		to, err := w.CreateFormFile(p.name, p.name+".dat")
		if err == nil {
			_, err = io.WriteString(to, p.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String(), w.FormDataContentType()
}

const formMessage = `{"strategy":"sms_only","text":{"body":"#{이름}님"}}`

func (w *world) form(path, key string, parts ...formPart) got {
	w.t.Helper()
	body, media := writtenForm(w.t, parts...)
	return w.do(ask{method: "POST", path: path, token: w.rich, key: key, body: body, media: media})
}

// bookOf is a workbook of these rows in its second sheet.
func bookOf(t testing.TB, rows ...[]any) string {
	t.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	if _, err := f.NewSheet("명단"); err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if err := f.SetSheetRow("명단", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAListIsSentAsItIs(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	each(t, func(t *testing.T, w *world) {
		csv := "이름,보호자,전화번호\n김하나,010-1234-5678,1\n\n이두리,02-1,2\n박세나,01012345678,3\n,010-2222-3333,4\n"
		book := bookOf(t, []any{"이름", "보호자", "전화번호"}, []any{"김하나", 1012345678, 1}, nil, []any{"이두리", "02-1", 2}, []any{"박세나", "01012345678", 3}, []any{nil, "010-2222-3333", 4})
		for name, parts := range map[string][]formPart{
			"CSV":            {{"message", formMessage}, {"to_column", "보호자"}, {"list", csv}},
			"the list first": {{"list", csv}, {"to_column", "보호자"}, {"message", formMessage}},
			"a workbook":     {{"message", formMessage}, {"list", book}, {"sheet", "명단"}, {"to_column", "보호자"}},
		} {
			r := w.form("/v1/messages", "", parts...).is(202).json()
			rejections, _ := r["rejections"].([]any)
			duplicates, _ := r["duplicates"].([]any)
			if len(rejections) != 2 || len(duplicates) != 1 {
				t.Fatalf("%s: got %v", name, r)
			}
			first, second := rejections[0].(map[string]any), rejections[1].(map[string]any)
			twice := duplicates[0].(map[string]any)
			got := []any{r["recipients"], first["code"], first["index"], first["line"], second["code"], second["line"], twice["line"], twice["first_line"]}
			want := []any{map[string]any{"total": 4.0, "accepted": 1.0, "duplicate": 1.0, "rejected": 2.0}, "invalid_number", 1.0, 4.0, "missing_variable", 6.0, 5.0, 2.0}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: -want +got\n%s", name, diff)
			}
			kept := w.get("/v1/messages/" + r["id"].(string) + "/recipients?status=rejected").rows()
			if len(kept) != 2 || kept[1]["line"] != 6.0 {
				t.Errorf("%s: kept %v", name, kept)
			}
			quote := w.form("/v1/messages/estimate", "", parts...).is(200).json()
			if quote["recipients"] != 1.0 {
				t.Errorf("%s: the estimate is %v", name, quote)
			}
		}
	})
	if left, err := os.ReadDir(os.TempDir()); err != nil || slices.ContainsFunc(left, func(e os.DirEntry) bool {
		return strings.HasPrefix(e.Name(), "creditmsg") || strings.HasPrefix(e.Name(), "excelize")
	}) {
		t.Errorf("lists are left behind: %v, %v", left, err)
	}
}

func TestAFormIsRepeatedByWhatItsPartsHold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		list := formPart{"list", "to,이름\n01012345678,김하나\n"}
		message := formPart{"message", formMessage}
		first := w.form("/v1/messages", "k", message, list).is(202)
		again := w.form("/v1/messages", "k", list, message).is(202)
		if !bytes.Equal(first.body, again.body) || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("the repeat got %s, want %s", again.body, first.body)
		}
		for name, parts := range map[string][]formPart{
			"another list":    {message, {"list", list.text + "01087654321,이두리\n"}},
			"another message": {{"message", formMessage + " "}, list},
			"another column":  {message, list, {"to_column", "to"}},
		} {
			if got := w.form("/v1/messages", "k", parts...); got.status != 422 || got.json()["code"] != "idempotency_mismatch" {
				t.Errorf("%s: got %d %s", name, got.status, got.body)
			}
		}
		if rows := w.get("/v1/messages").rows(); len(rows) != 1 {
			t.Errorf("got %d messages, want 1", len(rows))
		}
	})
}

func TestAListThatCannotBeReadAcceptsNothing(t *testing.T) {
	w := onSQLite(t)
	message := formPart{"message", formMessage}
	list := formPart{"list", "to,이름\n01012345678,김하나\n"}
	for _, c := range []struct {
		name    string
		parts   []formPart
		status  int
		code    string
		pointer string
	}{
		{"no message", []formPart{list}, 422, "validation", "/message"},
		{"no list", []formPart{message}, 422, "validation", "/list"},
		{"an empty list", []formPart{message, {"list", ""}}, 422, "validation", "/list"},
		{"a part twice", []formPart{message, list, list}, 422, "validation", "/list"},
		{"an unknown part", []formPart{message, list, {"x", "y"}}, 422, "validation", "/x"},
		{"a message that is no JSON", []formPart{{"message", "x"}, list}, 400, "malformed", "/message"},
		{"a message with recipients", []formPart{{"message", `{"strategy":"sms_only","text":{"body":"x"},"recipients":[]}`}, list}, 422, "validation", "/message/recipients"},
		{"a wrong strategy", []formPart{{"message", `{"strategy":5}`}, list}, 422, "validation", "/message/strategy"},
		{"a huge message", []formPart{{"message", strings.Repeat(" ", 70<<10)}, list}, 413, "body_too_large", "/message"},
		{"a huge name", []formPart{message, list, {"sheet", strings.Repeat("x", 2000)}}, 413, "body_too_large", "/sheet"},
		{"a name that is no text", []formPart{message, list, {"to_column", "\xff"}}, 400, "malformed", "/to_column"},
		{"a sheet of CSV", []formPart{message, list, {"sheet", "명단"}}, 422, "validation", "/sheet"},
		{"another encoding", []formPart{message, {"list", "\xff\xfet\x00o\x00"}}, 422, "unsupported_encoding", "/lines/1"},
		{"no column", []formPart{message, {"list", "이름\n김하나\n"}}, 422, "no_phone_column", "/lines/1"},
		{"no such column", []formPart{message, list, {"to_column", "보호자"}}, 422, "no_phone_column", "/lines/1"},
		{"an open quote", []formPart{message, {"list", "to,이름\n01012345678,\"김\n"}}, 400, "malformed", "/lines/2"},
		{"no recipients", []formPart{message, {"list", "to,이름\n"}}, 422, "no_recipients", ""},
		{"a damaged workbook", []formPart{message, {"list", bookOf(t, []any{"to"})[:2000]}}, 400, "malformed", "/lines/1"},
		{"no such sheet", []formPart{message, {"list", bookOf(t, []any{"to"})}, {"sheet", "x"}}, 422, "validation", "/lines/1"},
		{"an old workbook", []formPart{message, {"list", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 1000)}}, 422, "unsupported_encoding", "/lines/1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			got := w.form("/v1/messages", "", c.parts...).refused(c.status, c.code)
			if c.pointer != "" && !slices.Equal(got, []string{c.pointer}) {
				t.Errorf("got errors at %q, want %q", got, c.pointer)
			}
		})
	}
	w.t = t
	body, media := writtenForm(t, message, list)
	w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, body: body[:len(body)-20], media: media}).refused(400, "malformed")
	w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, body: body, media: "multipart/form-data"}).refused(400, "malformed")
	w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, body: "hello", media: media}).refused(400, "malformed")
	w.do(ask{method: "POST", path: "/v1/templates", token: w.rich, body: body, media: media}).refused(415, "unsupported_media_type")
	if rows := w.get("/v1/messages").rows(); len(rows) != 0 {
		t.Errorf("got %d messages, want none", len(rows))
	}
	if held := w.get("/v1/credit").json()["held"]; held != "0.00" {
		t.Errorf("got %v held, want nothing", held)
	}
}

func TestAListOf50MiBIsTakenInLittleMemory(t *testing.T) {
	w := onSQLite(t)
	w.topUp("rich", 1_000_000)
	const rows = 50_000
	body, media := writtenForm(t, formPart{"message", formMessage}, formPart{"list", "@"})
	begin, end, _ := strings.Cut(body, "@")
	people := &numbers{most: rows, line: "010%08d,김하나," + strings.Repeat("메모", 180) + "\n"}
	list := io.MultiReader(strings.NewReader(begin+"to,이름,메모\n"), people, strings.NewReader(end))
	var r got
	held := sheettest.Peak(func() { r = w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, from: list, media: media}) })
	if got := r.is(202).json()["recipients"].(map[string]any)["accepted"]; got != float64(rows) {
		t.Errorf("got %v accepted, want %d", got, rows)
	}
	if held > 48<<20 {
		t.Errorf("got %d MiB alive, want at most 48", held>>20)
	}
	if got := w.get("/v1/credit").json()["held"]; got != "900000.00" {
		t.Errorf("got %v held, want 900000.00", got)
	}
}

func TestMoreThanAMillionRowsOfAListAreTooMany(t *testing.T) {
	w := onSQLite(t)
	body, media := writtenForm(t, formPart{"message", `{"strategy":"sms_only","text":{"body":"x"}}`}, formPart{"list", "@"})
	begin, end, _ := strings.Cut(body, "@")
	list := io.MultiReader(strings.NewReader(begin+"to\n"), &numbers{most: maxLines + 1, line: "x%d\n"}, strings.NewReader(end))
	w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, from: list, media: media}).refused(413, "too_many_recipients")
	w.doSized(ask{method: "POST", path: "/v1/messages", token: w.rich, from: sized{strings.NewReader(body)}, media: media}, maxUpload+1).refused(413, "body_too_large")
}

func TestAWorkbookGivesItsRoomBack(t *testing.T) {
	a := build(Deps{})
	for name, raw := range map[string]string{
		"read":    bookOf(t, []any{"to", "이름"}, []any{"01012345678", "김하나"}),
		"refused": bookOf(t, []any{"이름"}),
	} {
		f, err := spool()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(raw); err != nil {
			t.Fatal(err)
		}
		list, err := a.openList(t.Context(), listFile{f, int64(len(raw)), "one"}, sheet.Options{Sheet: "명단"})
		if err == nil {
			if a.memory.free == bodyRoom || a.disk.free == diskRoom {
				t.Errorf("%s: it takes no room while it is open", name)
			}
			list.close()
		}
		if (err == nil) != (name == "read") {
			t.Errorf("%s: got %v", name, err)
		}
		wantEmpty(t, a.memory)
		wantEmpty(t, a.disk)
	}
}

func TestAListOfAdvertisingHasColumnsOfConsents(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	w := onSQLite(t)
	const advert = `{"strategy":"sms_only","text":{"body":"세일","advertising":true,"opt_out_number":"080-123-4567"}}`
	list := "전화번호,수신동의일,야간동의\n01012345678,2026-01-05,y\n01012345679,2026-01-05 10:00,\n01012345670,,y\n"
	got := w.form("/v1/messages", "", formPart{"message", advert}, formPart{"list", list}).is(202).json()
	if by := got["rejected_by_code"].(map[string]any); by["no_consent"] != 1.0 {
		t.Errorf("rejected %v", by)
	}
	record := w.get("/v1/messages/" + got["id"].(string) + "/compliance").is(200).json()
	if c := record["advertising"].(map[string]any)["consents"].(map[string]any); c["dated"] != 2.0 || c["night"] != 1.0 || record["sent_by"] == nil {
		t.Errorf("the record says %v, sent by %v", c, record["sent_by"])
	}
	at := w.form("/v1/messages", "", formPart{"message", advert}, formPart{"list", strings.Replace(list, "2026-01-05,y", "gestern,y", 1)}).refused(422, "validation")
	if len(at) != 1 || at[0] != "/lines/2" {
		t.Errorf("a consent that is no day is refused at %v", at)
	}
	// In another message such a column is a variable like others.
	w.form("/v1/messages", "", formPart{"message", `{"strategy":"sms_only","text":{"body":"#{수신동의일} 안내"}}`},
		formPart{"list", "전화번호,수신동의일\n01012345678,gestern\n"}).is(202)
}
