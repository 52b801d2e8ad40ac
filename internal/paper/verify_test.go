package paper

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

func TestATenantProvesAStatementAndItsEntriesWithThePublicKeyAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.profiles()
		key := w.publicKey()
		for month, complete := range map[string]bool{w.month(3): true, w.month(2): true, w.month(0): false} {
			s, text := w.statement(month)
			for _, r := range []Range{{Format: NDJSON}, {Format: CSV}, {Format: NDJSON, Notes: true}, {Format: CSV, Notes: true}} {
				entries := w.export(month, r)
				c := verified(t, text, entries, key)
				if !c.OK || c.Wrong != "" || !c.Trusted || c.Complete != complete || c.Entries != s.Closing.Seq-s.Opening.Seq || c.Heads != len(s.Heads) {
					t.Errorf("%s with entries as %+v: %+v", month, r, c)
				}
			}
			if c := verified(t, text, nil); !c.OK || c.Trusted || c.Entries != 0 {
				t.Errorf("%s alone: %+v", month, c)
			}
		}
	})
}

func TestAStatementOfAnotherKeyIsNotTrusted(t *testing.T) {
	w := onSQLite(t)
	_, text := w.statement(w.month(3))
	old := w.publicKey()
	w.do(func(tx *db.Tx) error { _, err := w.keys.NewSigner(tx); return err })
	_, later := w.statement(w.month(3)) // its heads are signed by the old key
	other := base64.StdEncoding.EncodeToString(make([]byte, ed25519.PublicKeySize))
	var shown struct{ Keys []struct{ Public_key string } }
	w.must(json.Unmarshal(later, &shown))
	for _, c := range []struct {
		text []byte
		keys []string
		ok   bool
	}{{text, []string{old}, true}, {text, []string{other}, false}, {later, []string{old}, false}, {later, []string{old, shown.Keys[1].Public_key, other}, true}} {
		if got := verified(t, c.text, nil, c.keys...); got.OK != c.ok || !c.ok && !strings.Contains(got.Wrong, "none of those that you trust") {
			t.Errorf("trusting %v: %+v, want %v", c.keys, got, c.ok)
		}
	}
	for _, none := range []string{"", "x", old[:40], old + "AA=="} {
		if _, err := Verify(bytes.NewReader(text), nil, []string{none}); err == nil {
			t.Errorf("%q is taken for a public key", none)
		}
	}
}

// TestAnyFlippedByteIsRefusedOrMeansNothing goes through every byte of a statement and of an
// export in both forms: what is still proven must read the same.
func TestAnyFlippedByteIsRefusedOrMeansNothing(t *testing.T) {
	w := onSQLite(t)
	_, text := w.statement(w.month(3))
	var spaced bytes.Buffer
	w.must(json.Indent(&spaced, text, "", "\t"))
	for at := range spaced.Bytes() {
		for _, bit := range []byte{1 << (at % 8), 0x20} {
			changed := bytes.Clone(spaced.Bytes())
			changed[at] ^= bit
			if verified(t, changed, nil).OK && !sameJSON(changed, text) {
				t.Errorf("byte %d of the statement, %q, may be %q", at, spaced.Bytes()[at], changed[at])
			}
		}
	}
	for _, r := range []Range{{Format: NDJSON, Notes: true}, {Format: CSV, Notes: true}} {
		entries := w.export(w.month(3), r)
		for at := range entries {
			for _, bit := range []byte{1 << (at % 8), 0x20} {
				changed := bytes.Clone(entries)
				changed[at] ^= bit
				if verified(t, text, changed).OK && !sameLines(changed, entries) {
					t.Errorf("byte %d of the entries in %s, %q, may be %q", at, r.Format, entries[at], changed[at])
				}
			}
		}
	}
}

func sameJSON(a, b []byte) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), bytes.TrimSpace(y.Bytes()))
}

// sameLines reports whether two exports read the same.
func sameLines(a, b []byte) bool {
	read := func(text []byte) (out []line) {
		next, err := lines(bytes.NewReader(text))
		for err == nil {
			var l line
			if l, err = next(); err == nil {
				out = append(out, l)
			}
		}
		return out
	}
	return slices.Equal(read(a), read(b))
}

func TestWhatIsWrongWithEntriesIsSaidInWords(t *testing.T) {
	w := onSQLite(t)
	_, text := w.statement(w.month(3))
	_, running := w.statement(w.month(0))
	all := strings.SplitAfter(string(w.export(w.month(3), Range{})), "\n")
	all = all[:len(all)-1]
	next := string(w.export(w.month(2), Range{}))
	join := func(parts ...string) []byte { return []byte(strings.Join(parts, "")) }
	head := strings.TrimSuffix(string(w.exported(Range{Site: "demo", Until: "2020-01-01", Format: CSV})), "\r\n")
	for name, c := range map[string]struct {
		entries []byte
		want    string
	}{
		"nothing":                {[]byte{}, "the file ends with entry 0"},
		"the last is cut off":    {join(all[:len(all)-1]...), fmt.Sprintf("the file ends with entry %d", len(all)-1)},
		"one is missing":         {join(append(slices.Clone(all[:2]), all[3:]...)...), "entry 3 should stand here"},
		"two are swapped":        {join(append([]string{all[1], all[0]}, all[2:]...)...), "entry 1 should stand here"},
		"one stands there twice": {join(append([]string{all[0]}, all...)...), "entry 2 should stand here"},
		"it goes on":             {join(append(slices.Clone(all), next)...), "the file goes on"},
		"a half line":            {join(append(slices.Clone(all[:3]), all[3][:50])...), "the entry after entry 3 was changed"},
		"a changed amount":       {[]byte(strings.Replace(strings.Join(all, ""), `"100000.00"`, `"900000.00"`, 1)), "entry 1: something of it was changed"},
		"a note of another":      {[]byte(strings.Replace(string(w.export(w.month(3), Range{Notes: true})), "카드 결제", "계좌 이체", 1)), "entry 1: its note is not the one"},
		"no entries at all":      {[]byte("hello\n"), "these are no entries of an export"},
		"headings alone":         {[]byte(head), "the file ends with entry 0"},
		"an empty line":          {join(all[0], "\n", all[1]), "the entry after entry 1 was changed"},
		"a very long line":       {bytes.Repeat([]byte("{"), maxLine+1), "cannot be read"},
	} {
		if got := verified(t, text, c.entries); got.OK || !strings.Contains(got.Wrong, c.want) {
			t.Errorf("%s: %+v, want %q", name, got, c.want)
		}
	}
	// A statement of a running month does not know what was written after it.
	w.settle(w.hold(18*won), 0, 1, 0)
	if got := verified(t, running, w.export(w.month(0), Range{})); !got.OK {
		t.Errorf("entries after the statement of a running month: %+v", got)
	}
}

// resigned changes a statement and signs it with a key of the forger's own, as its heads.
func resigned(t *testing.T, w *world, change func(*Statement)) []byte {
	t.Helper()
	s, _ := w.statement(w.month(3))
	public, secret, err := ed25519.GenerateKey(nil)
	w.must(err)
	change(s)
	s.Keys = append(s.Keys, PublicKey{ID: site.KeyID(public), Key: public, Since: s.MadeAt})
	s.KeyID, s.Signature = site.KeyID(public), nil
	for i := range s.Heads {
		h := &s.Heads[i]
		h.KeyID = s.KeyID
		h.Signature = ed25519.Sign(secret, h.of(s.Site).Text())
	}
	text, err := s.text()
	w.must(err)
	s.Signature = ed25519.Sign(secret, text)
	out, err := s.JSON()
	w.must(err)
	return out
}

func TestAStatementThatIsSignedMustAlsoAddUp(t *testing.T) {
	w := onSQLite(t)
	if got := verified(t, resigned(t, w, func(*Statement) {}), w.export(w.month(3), Range{})); !got.OK {
		t.Fatalf("the forger cannot even sign: %+v", got)
	}
	for want, change := range map[string]func(*Statement){
		"the opening balance and the movements make": func(s *Statement) { s.Closing.Available++ },
		"the movements count":                        func(s *Statement) { s.Movements[0].Count++ },
		"cannot be":                                  func(s *Statement) { s.Movements[0].Credit = "cash" },
		"stands there twice":                         func(s *Statement) { s.Movements = append(s.Movements, s.Movements[0]) },
		"the amount is too large":                    func(s *Statement) { s.Movements[0].Amount, s.Movements[1].Amount = 1<<63-1, 1<<63-1 },
		"the channels spent":                         func(s *Statement) { s.Channels[1].Spent++ },
		"the channels were refunded":                 func(s *Statement) { s.Channels[1].Refunded++ },
		"it names 3 channels":                        func(s *Statement) { s.Channels = s.Channels[1:] },
		"of VAT is not":                              func(s *Statement) { s.Payments[0].VAT++ },
		"the payments make":                          func(s *Statement) { s.PaymentTotal.VAT++ },
		"it is not of this month":                    func(s *Statement) { s.Payments[0].Seq = 100 },
		"is not of this month, or":                   func(s *Statement) { s.Heads[0].Day = "2020-01-01" },
		"it does not close with what the head":       func(s *Statement) { s.Heads[1].Held++ },
		"it is not signed to its end":                func(s *Statement) { s.Heads = s.Heads[:1] },
		"it cannot be read as one":                   func(s *Statement) { s.Opening.Held = -1 },
		"no statement of a form":                     func(s *Statement) { s.Form = "creditmsg statement 3" },
		"the key 0000 is not the one":                func(s *Statement) { s.Keys[0].ID = "0000" },
	} {
		if got := verified(t, resigned(t, w, change), nil); got.OK || !strings.Contains(got.Wrong, want) {
			t.Errorf("got %+v, want %q", got, want)
		}
	}
	entries := w.export(w.month(3), Range{})
	for want, change := range map[string]func(*Statement){
		"is not the payment that the statement lists":   func(s *Statement) { s.Payments[0].Ref = "pay_9" },
		"the chain is not the one that was signed":      func(s *Statement) { s.Heads[0].Spent++ },
		"where the next signed day is":                  func(s *Statement) { s.Heads = s.Heads[1:] },
		"the entries of kind":                           func(s *Statement) { shift(s, 1) },
		"it does not follow on the entry before it":     func(s *Statement) { s.Opening.Hash = strings.Repeat("1", 64) },
		"the entries do not end in the closing balance": func(s *Statement) { s.Closing.Hash, s.Heads = s.Opening.Hash, s.Heads[:1]; s.Complete = false },
	} {
		if got := verified(t, resigned(t, w, change), entries); got.OK || !strings.Contains(got.Wrong, want) {
			t.Errorf("with entries: got %+v, want %q", got, want)
		}
	}
}

// shift holds more and gives it back again, which no balance shows.
func shift(s *Statement, by money.Amount) {
	for i := range s.Movements {
		if kind := s.Movements[i].Kind; kind == "reserve" || kind == "release" {
			s.Movements[i].Amount += by
		}
	}
}

// broken is a file that fails in the middle.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestAFileThatCannotBeReadProvesNothing(t *testing.T) {
	w := onSQLite(t)
	_, text := w.statement(w.month(3))
	entries := w.export(w.month(3), Range{})
	for _, in := range [][2]io.Reader{
		{broken{}, nil}, {bytes.NewReader(text), broken{}}, {bytes.NewReader(text), io.MultiReader(bytes.NewReader(entries[:100]), broken{})},
		{bytes.NewReader(text), io.MultiReader(bytes.NewReader(entries), broken{})},
	} {
		if c, err := Verify(in[0], in[1], nil); err != nil || c.OK || c.Wrong == "" {
			t.Errorf("got %+v, %v", c, err)
		}
	}
}

// past reads a paper that was given out by an earlier state of this program.
func past(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/past/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAPaperOfThePastIsStillProven(t *testing.T) {
	for _, entries := range []string{"entries.ndjson", "entries.csv"} {
		c := verified(t, past(t, "statement.json"), past(t, entries), strings.TrimSpace(string(past(t, "key.txt"))))
		if !c.OK || !c.Trusted || !c.Complete || c.Entries != 7 || c.Heads != 2 {
			t.Errorf("with %s: %+v", entries, c)
		}
	}
}

func FuzzVerify(f *testing.F) {
	text := past(f, "statement.json")
	f.Add(text, past(f, "entries.ndjson"))
	f.Add(text, past(f, "entries.csv"))
	f.Add([]byte(`{"form":"creditmsg statement 2","heads":null}`), []byte("순번,구분\r\n1,x"))
	f.Add([]byte(`{}`), []byte("\xEF\xBB\xBF\"\r\n"))
	f.Fuzz(func(t *testing.T, statement, export []byte) {
		c := verified(t, statement, export)
		if c.OK != (c.Wrong == "") {
			t.Fatalf("%+v says both", c)
		}
		if !c.OK {
			return
		}
		// What is proven is what we would write: written anew, it is the same and proven again.
		s, err := readStatement(bytes.NewReader(statement))
		if err != nil {
			t.Fatal(err)
		}
		if again, err := s.JSON(); err != nil || !sameJSON(statement, again) {
			t.Errorf("%q is proven as %q", statement, again)
		}
		var again []byte
		for next, err := lines(bytes.NewReader(export)); err == nil; {
			var l line
			if l, err = next(); err == nil {
				text, _ := compact(&l)
				again = append(append(again, text...), '\n')
			}
		}
		if other := verified(t, statement, again); !other.OK || other.Entries != c.Entries {
			t.Errorf("%q is proven: %+v; as %q it is %+v", export, c, again, other)
		}
	})
}
