package optout

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/fault"
)

func TestAListIsImportedWhateverItsForm(t *testing.T) {
	const a, b = "010-1000-0001", "01010000002"
	for name, text := range map[string]string{
		"a CSV":                     "수신거부번호,등록일\n" + a + ",2026-12-01\n" + b + ",2026-12-02\n02-123-4567,x\n",
		"a CSV with a usual name":   "전화번호;이름\r\n" + a + ";김\r\n" + b + ";이\r\n02-123-4567;박\r\n",
		"a bare list":               a + "\n" + b + "\n02-123-4567\n",
		"a bare list with columns":  a + ",2026-12-01,김\n" + b + ",2026-12-02\n02-123-4567\n",
		"a list in CP949":           "\xb9\xf8\xc8\xa3\n" + a + "\n" + b + "\n02-123-4567\n",
		"blank lines count as such": "\n번호\n" + a + "\n" + b + "\n02-123-4567\n",
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				got, err := w.of.Import(w.t.Context(), w.d, "shop", ByImport, FromSheet(strings.NewReader(text), "", Advertising))
				w.must(err)
				line := 1 + strings.Count(text[:strings.Index(text, "02-123")], "\n")
				want := Imported{Total: 3, Counts: Counts{Added: 2}, Rejected: 1,
					Rejections: []RejectedLine{{line, "02-123-4567", "invalid_number", "not a Korean mobile number: want 010 and eight digits"}}}
				if diff := cmp.Diff(want, got); diff != "" {
					w.t.Error(diff)
				}
				again, err := w.of.Import(w.t.Context(), w.d, "shop", ByImport, FromSheet(strings.NewReader(text), "", Advertising))
				if want.Counts = (Counts{Unchanged: 2}); err != nil || !cmp.Equal(want, again) {
					w.t.Errorf("once more: %v\n%s", err, cmp.Diff(want, again))
				}
			})
		})
	}
}

func TestLinesOfNDJSONNameTheirScopes(t *testing.T) {
	each(t, func(w *world) {
		text := `{"to":"010-1000-0001","scope":"all"}` + "\n\n" + `{"to":"010-1000-0002"}` + "\n" + `{"to":5}` + "\n" + `{"to":"010-1000-0003","scope":"never"}` + "\n" +
			`not JSON` + "\n" + `{"to":"010-1000-0004","name":"김"}` + "\n" + `{"scope":"all"}` + "\n" + `{"to":"hello"}`
		got, err := w.of.Import(w.t.Context(), w.d, "shop", ByImport, FromLines(strings.NewReader(text), Advertising))
		w.must(err)
		if got.Total != 8 || got.Added != 2 || got.Rejected != 6 {
			w.t.Errorf("got %+v", got)
		}
		var lines []int
		for _, r := range got.Rejections {
			lines = append(lines, r.Line)
		}
		if diff := cmp.Diff([]int{4, 5, 6, 7, 8, 9}, lines); diff != "" {
			w.t.Error(diff)
		}
		if got := w.scopes("shop", 1, 2, 3); !cmp.Equal(got, []Scope{All, Advertising, ""}) {
			w.t.Errorf("the scopes are %q", got)
		}
	})
}

func TestAFileThatCannotBeReadToItsEndLeavesNothing(t *testing.T) {
	each(t, func(w *world) {
		_, err := w.of.Import(w.t.Context(), w.d, "shop", ByImport, FromSheet(strings.NewReader("번호\n010-1000-0001\n\"010-1000\n"), "", Advertising))
		if !fault.Is(err, fault.Malformed) {
			w.t.Errorf("got %v, want it malformed", err)
		}
		_, err = w.of.Import(w.t.Context(), w.d, "shop", ByImport, FromSheet(strings.NewReader("이름\n김\n"), "", Advertising))
		if f := fault.Of(err); f == nil || f.Code != fault.CodeNoPhoneColumn {
			w.t.Errorf("got %v, want no column of numbers", err)
		}
		_, err = w.of.Import(w.t.Context(), w.d, "shop", ByImport, FromLines(strings.NewReader(`{"to":"010-1000-0001"}`+"\n"+strings.Repeat("x", maxLineBytes+1)), All))
		if !fault.Is(err, fault.TooLarge) {
			w.t.Errorf("got %v, want a line that is too long", err)
		}
		if s := w.standing("shop"); s.Count() != 0 {
			w.t.Errorf("%d opt-outs are stored", s.Count())
		}
	})
}

func TestALargeListIsImportedInParts(t *testing.T) {
	each(t, func(w *world) {
		var text strings.Builder
		const n = 2*MostAtOnce + 1
		for i := range n {
			fmt.Fprintf(&text, "%s\n", phone(i))
		}
		got, err := w.of.Import(w.t.Context(), w.d, "shop", ByImport, FromSheet(strings.NewReader(text.String()), "", Advertising))
		w.must(err)
		if got.Added != n || w.standing("shop").Count() != n {
			w.t.Errorf("got %+v, the list has %d", got, w.standing("shop").Count())
		}
		if events := w.events("shop"); len(events) != 3 {
			w.t.Errorf("%d events, want one for each part", len(events))
		}
	})
}

func FuzzFromLines(f *testing.F) {
	for _, seed := range []string{`{"to":"010-1000-0001"}`, "\n\n", `{"to":"x","scope":"all"}` + "\n[]", "{", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		for r, err := range FromLines(strings.NewReader(text), Advertising) {
			if err != nil {
				return
			}
			if r.Line <= last || r.Wrong == "" && r.Scope != Advertising && r.Scope != All {
				t.Fatalf("%q: got %+v after line %d", text, r, last)
			}
			last = r.Line
		}
	})
}
